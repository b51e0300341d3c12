//! A report as people read it: somebody at 2 a.m., and an archive of changes. It is Markdown.
//!
//! It may have been read from a file that anybody has written: nothing in it is obeyed by a terminal.

use std::{
    fmt::{self, Write},
    time::SystemTime,
};

use hotswap_types::{Outcome, Percent, escape, json};

use super::{Decision, Note, PhaseTime, Report, Serving, StepReport, TrialFigures, WayBackTaken};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text)?;
        text.lines().try_for_each(|line| writeln!(f, "{}", escape::text(line)))
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, by, problem, solution } = self;
        write!(f, "{}, {}: {}", moment(*at), escape::text(by), escape::text(problem))?;
        solution.as_ref().map_or(Ok(()), |it| write!(f, "; {}", escape::text(it)))
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { approved, by, why, at } = self;
        f.write_str(if *approved { "approved" } else { "not approved" })?;
        if let Some(by) = by {
            write!(f, " by {}", escape::text(by))?;
        }
        write!(f, " at {}", moment(*at))?;
        if why.is_empty() { Ok(()) } else { write!(f, ": {}", escape::text(why)) }
    }
}

impl fmt::Display for TrialFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calls, panics, failures, median, percentile_99 } = self;
        write!(f, "{calls} calls, {panics} panics, {failures} failures")?;
        if *calls == 0 {
            return Ok(());
        }
        write!(f, "; median {median:.1?}, 99 of 100 within {percentile_99:.1?}")
    }
}

impl Report {
    fn write(&self, f: &mut String) -> fmt::Result {
        self.write_head(f)?;
        self.write_state(f)?;
        if !self.findings.is_empty() {
            writeln!(f, "\n## Why\n")?;
            for finding in &self.findings {
                writeln!(f, "- {}", finding.trim_end().replace('\n', "\n  "))?;
            }
        }
        if let Some(advice) = &self.advice {
            writeln!(f, "\nDo: {advice}")?;
        }
        writeln!(f, "\n## Phases\n\n| phase | begun after | took |\n|---|---|---|")?;
        for PhaseTime { phase, at, took } in &self.phases {
            let at = if at.is_zero() { "0".to_owned() } else { format!("{at:.1?}") };
            writeln!(f, "| {phase} | {at} | {took:.1?} |")?;
        }
        self.write_steps(f)?;
        if !self.notes.is_empty() {
            writeln!(f, "\n## Notes\n")?;
            for note in &self.notes {
                writeln!(f, "- {note}")?;
            }
        }
        if let Some(plan) = &self.plan {
            writeln!(f)?;
            // Its headings are below those of the report.
            for line in plan.to_string().lines() {
                writeln!(f, "{}{line}", if line.starts_with('#') { "#" } else { "" })?;
            }
        }
        Ok(())
    }

    /// As narrow as a terminal: a row for each version, and below the table how each step ended.
    fn write_steps(&self, f: &mut String) -> fmt::Result {
        if self.steps.is_empty() {
            return Ok(());
        }
        writeln!(f, "\n## Steps\n")?;
        writeln!(f, "| share | version | calls | panics | failures | median | 99 of 100 within |")?;
        writeln!(f, "|---|---|---|---|---|---|---|")?;
        for StepReport { weight, canary, stable, .. } in &self.steps {
            let share = Percent(*weight);
            for (version, figures) in [("canary", canary), ("stable", stable)] {
                let TrialFigures { calls, panics, failures, median, percentile_99 } = figures;
                write!(f, "| {share} | {version} | {calls} | {panics} | {failures} | ")?;
                match calls {
                    0 => writeln!(f, "| |")?,
                    _ => writeln!(f, "{median:.1?} | {percentile_99:.1?} |")?,
                }
            }
        }
        writeln!(f)?;
        for StepReport { weight, took, end, why, .. } in &self.steps {
            let (share, why) = (Percent(*weight), why.replace('\n', " "));
            writeln!(f, "- {share}, {end} after {took:.1?}: {why}")?;
        }
        Ok(())
    }

    fn write_head(&self, f: &mut String) -> fmt::Result {
        let Self { number, slot, artifact, module, attempt, began, phase, outcome, .. } = self;
        write!(f, "# {slot}: ")?;
        if let Some(module) = module {
            write!(f, "{module} ")?;
        }
        write!(f, "({}…) {outcome}", artifact.short())?;
        match outcome {
            Outcome::Committed => writeln!(f)?,
            _ => writeln!(f, " at {phase}")?,
        }
        write!(f, "\n- report {number}, {}, in {:.1?}", moment(*began), self.took())?;
        match attempt {
            1 => writeln!(f)?,
            attempt => writeln!(f, ", try {attempt}")?,
        }
        writeln!(f, "- artifact {artifact}")?;
        if let Some(plan) = self.plan.as_ref().filter(|plan| plan.intent.is_stated()) {
            writeln!(f, "- purpose: {}", plan.intent)?;
        }
        match &self.word {
            Some(word) => writeln!(f, "- {word}"),
            None => writeln!(f, "- nobody was asked"),
        }
    }

    fn write_state(&self, f: &mut String) -> fmt::Result {
        let Self { generation, state, pause, trial, back, serving, lost, .. } = self;
        if let Some(generation) = generation {
            write!(f, "- served as generation {generation}")?;
            if let Some(state) = state {
                write!(f, ", {state}")?;
            }
            writeln!(f)?;
        }
        if let Some(pause) = pause {
            writeln!(f, "- callers waited for {pause:.1?}")?;
        }
        if let Some(figures) = trial {
            writeln!(f, "- on trial: {figures}")?;
        }
        if let Some(WayBackTaken { state, pause }) = back {
            write!(f, "- the version before came back: {state}")?;
            match pause {
                Some(pause) => writeln!(f, "; callers waited for {pause:.1?}")?,
                None => writeln!(f)?,
            }
        }
        match (self.outcome, serving) {
            (Outcome::Interrupted, _) => {}
            (_, Some(Serving { version, generation })) => {
                writeln!(f, "- serving then: {version} (generation {generation})")?;
            }
            (_, None) => writeln!(f, "- serving then: nothing yet")?,
        }
        match (lost.as_slice(), self.outcome) {
            // The next run says what it goes on with.
            ([], Outcome::Interrupted) => Ok(()),
            ([], _) => writeln!(f, "- nothing of the state is lost"),
            (lost, _) => writeln!(f, "- **lost**: {}", lost.join("; ")),
        }
    }
}

/// A moment to the second, in UTC.
fn moment(time: SystemTime) -> String {
    let seconds = json::time::of(time) / 1000;
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// The date so many days after 1970-01-01. A year is taken to begin in March, so that its day more is
/// the last one.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn moments_are_dates() {
        let table = [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (1_764_120_958, "2025-11-26 01:35:58 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        ];
        for (seconds, text) in table {
            assert_eq!(moment(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
        // What a file says may be no time at all.
        let _ = moment(json::time::after(u64::MAX));
    }
}
