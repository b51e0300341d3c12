//! `check`: the verdict that a host would give before it loads an artifact.

mod trust;
mod verdict;

use std::path::Path;

pub(crate) use verdict::{StateReport, Succession, Verdict};

use hotswap_core::{
    StateDrift,
    abi::__private::{compat::Requirement, manifest::Schema},
    artifact::{Artifact, ArtifactError, File, Objection, Program, escape},
};
use serde::Serialize;

#[cfg(unix)]
use crate::operate;
use crate::{
    Error, Outcome,
    args::Check,
    describe::{Identity, Interface, Refusal},
    say::{self, BAD, GOOD, WARN, styled},
};

/// What `check --json` prints. Every key is always there; what does not apply is null or empty.
#[derive(Debug, Serialize)]
struct Report {
    verdict: Verdict,
    /// `None` if the file is no module.
    artifact: Option<Identity>,
    /// Who has signed it, with `--trust`.
    signature: Option<Signature>,
    /// `None` if nothing was compared.
    against: Option<Against>,
    /// Why it would be refused.
    refusal: Option<Refusal>,
    /// Against a module that it would replace.
    state: Option<StateReport>,
    /// Against a module: whether a host with the artifact's version of the interface takes that
    /// one.
    back: Option<Back>,
    notes: Vec<String>,
    /// Why it could not be judged.
    error: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Against {
    Module(Identity),
    Host { file: String, hash: String, interfaces: Vec<Interface> },
}

/// A signature that holds.
#[derive(Debug, Serialize)]
struct Signature {
    key: String,
    comment: String,
}

#[derive(Debug, Serialize)]
struct Back {
    fits: bool,
    findings: Vec<String>,
}

impl Report {
    const EMPTY: Self = Self {
        verdict: Verdict::Unjudged,
        artifact: None,
        signature: None,
        against: None,
        refusal: None,
        state: None,
        back: None,
        notes: Vec::new(),
        error: None,
    };

    fn refused(self, objection: &Objection) -> Self {
        Self { verdict: Verdict::Refused, refusal: Some(objection.into()), ..self }
    }

    fn unjudged(self, error: String) -> Self {
        Self { verdict: Verdict::Unjudged, error: Some(error), ..self }
    }
}

pub(crate) fn run(asked: &Check) -> Result<Outcome, Error> {
    #[cfg(unix)]
    if let Some(host) = &asked.host {
        return operate::check(
            host.clone(),
            asked.host_user,
            asked.slot.clone(),
            &asked.file,
            asked.json,
        );
    }
    let against = asked.against.as_deref();
    let against =
        against.ok_or_else(|| Error::Unable("against what? --against FILE".to_owned()))?;
    let report = judge(asked, against);
    if asked.json {
        say::object(&report);
    } else {
        show(&report);
    }
    match (report.verdict, report.error) {
        (Verdict::Fits, _) => Ok(Outcome::Done),
        (Verdict::Refused, _) => Ok(Outcome::No),
        (Verdict::Unjudged, error) => Err(Error::Unable(error.unwrap_or_default())),
    }
}

fn judge(asked: &Check, against: &Path) -> Report {
    let trust = match trust::asked(asked) {
        Ok(trust) => trust,
        Err(error) => return Report::EMPTY.unjudged(error),
    };
    let read = match &trust {
        Some(trust) => Artifact::read_signed(&asked.file, trust),
        None => Artifact::read(&asked.file),
    };
    let artifact = match read {
        Ok(artifact) => artifact,
        Err(error) => {
            return match error.objection() {
                Some(objection) => Report::EMPTY.refused(objection),
                None => Report::EMPTY.unjudged(in_full(&error)),
            };
        }
    };
    let signature = artifact.signed_by();
    let signature = signature.map(|(key, comment)| Signature { key, comment: comment.to_owned() });
    let report = Report { artifact: Some(Identity::of(&artifact)), signature, ..Report::EMPTY };
    match File::read(against) {
        Ok(File::Module(old)) => against_module(report, asked, &artifact, &old),
        Ok(File::Program(host)) => against_host(report, asked, &artifact, &host),
        Ok(_) => report.unjudged("it is of a kind that this program does not know".to_owned()),
        Err(error) => report.unjudged(in_full(&error)),
    }
}

fn in_full(error: &ArtifactError) -> String {
    Error::unable(error).to_string()
}

fn against_module(mut report: Report, asked: &Check, new: &Artifact, old: &Artifact) -> Report {
    report.against = Some(Against::Module(Identity::of(old)));
    if new.hash() == old.hash() {
        report.notes.push("it is the same artifact: a host that has it does nothing".to_owned());
    }
    let (ours, theirs) = (&new.manifest().module, &old.manifest().module);
    if ours != theirs {
        report.notes.push(format!(
            "it is another module ({ours}, not {theirs}): slots of a folder, and those with \
             SlotConfig::with_module, do not take it"
        ));
    }
    note_services(&mut report, asked, new);
    if let Some(objection) = missing_services(asked, new, &old.manifest().schema()) {
        return report.refused(&objection);
    }
    let mut back = Requirement::new(new.manifest().schema());
    back.services.clone_from(&old.manifest().requires);
    back.packages.clone_from(&new.manifest().packages);
    let back = old.fits(&back).err().map(|objection| objection.findings);
    report.back = Some(Back { fits: back.is_none(), findings: back.unwrap_or_default() });
    match Succession::of(new, old, asked.drift.into()) {
        Succession::Taken(state) => Report { verdict: Verdict::Fits, state: Some(state), ..report },
        Succession::Refused(objection) => {
            if StateDrift::from(asked.drift) == StateDrift::Refuse
                && new.succeeds(old, StateDrift::CarryByName).is_ok()
            {
                report.notes.push(
                    "with --drift carry, which is what Config::dev does, the state would be \
                     carried by its fields' names"
                        .to_owned(),
                );
            }
            report.refused(&objection)
        }
    }
}

fn against_host(mut report: Report, asked: &Check, new: &Artifact, host: &Program) -> Report {
    report.against = Some(Against::Host {
        file: host.path.display().to_string(),
        hash: host.hash.to_string(),
        interfaces: host.interfaces.iter().map(Interface::of).collect(),
    });
    note_services(&mut report, asked, new);
    let name = new.manifest().interface_name();
    // Judged against another one as well, the verdict says which interface it should have.
    let mut named: Vec<&Schema> =
        host.interfaces.iter().filter(|it| it.interface_name() == name).collect();
    if named.is_empty() {
        named = host.interfaces.iter().collect();
    }
    let fits = |schema: &&Schema| {
        let mut requirement = requirement(asked, new, schema);
        requirement.packages.clone_from(&host.packages);
        new.fits(&requirement)
    };
    let verdicts: Vec<Result<(), Objection>> = named.iter().map(fits).collect();
    let refused = verdicts.iter().filter_map(|verdict| verdict.as_ref().err());
    match refused.clone().count() {
        0 => Report { verdict: Verdict::Fits, ..report },
        all if all == verdicts.len() => {
            let mut objection = refused.clone().next().expect("there is one").clone();
            objection.findings = refused.flat_map(|it| it.findings.clone()).collect();
            objection.findings.dedup();
            report.refused(&objection)
        }
        _ => report.unjudged(format!(
            "the host opens slots for {} interfaces of the name {name} that differ, and it fits \
             only some: which one its slot has is not in the file",
            named.len()
        )),
    }
}

/// What a slot of this interface requires.
fn requirement(asked: &Check, artifact: &Artifact, schema: &Schema) -> Requirement {
    let mut requirement = Requirement::new(schema.clone());
    requirement.services = match asked.service.as_slice() {
        [] => artifact.manifest().requires.clone(),
        services => services.to_vec(),
    };
    requirement
}

/// The services alone, where they were given.
fn missing_services(asked: &Check, new: &Artifact, schema: &Schema) -> Option<Objection> {
    let requirement = requirement(asked, new, schema);
    let is_missing = |name: &String| !requirement.services.contains(name);
    if new.manifest().requires.iter().any(is_missing) {
        return new.fits(&requirement).err();
    }
    None
}

fn note_services(report: &mut Report, asked: &Check, artifact: &Artifact) {
    let requires = &artifact.manifest().requires;
    if asked.service.is_empty() && !requires.is_empty() {
        report.notes.push(format!(
            "it requires services of the host, which counted as offered: {} (--service NAME says \
             which there are)",
            requires.join(", ")
        ));
    }
}

fn show(report: &Report) {
    // What could not be judged is told as an error.
    let artifact = match &report.artifact {
        Some(artifact) => artifact.to_string(),
        None => "the file".to_owned(),
    };
    let against = match &report.against {
        None => String::new(),
        Some(Against::Module(old)) => format!(" in the place of {old}"),
        Some(Against::Host { file, .. }) => format!(" by {}", escape::path(file)),
    };
    let mut text = match report.verdict {
        Verdict::Unjudged => String::new(),
        Verdict::Fits => format!("{}: {artifact} would be taken{against}\n", styled(GOOD, "fits")),
        Verdict::Refused => {
            format!("{}: {artifact} would not be taken{against}\n", styled(BAD, "refused"))
        }
    };
    if let Some(Signature { key, comment }) = &report.signature {
        text.push_str(&format!("  signed with key {key}: {comment}\n"));
    }
    if let Some(state) = &report.state {
        text.push_str(&format!("  state  {}\n", state.text));
        state.differences.iter().for_each(|line| text.push_str(&format!("    {line}\n")));
    }
    if let Some(Refusal { phase, findings, advice }) = &report.refusal {
        text.push_str(&format!("  at {phase}:\n"));
        for line in findings.iter().flat_map(|finding| finding.lines()) {
            text.push_str(&format!("    {line}\n"));
        }
        text.push_str(&format!("  do: {advice}\n"));
    }
    if let Some(Back { fits: false, findings }) = &report.back {
        let warning = styled(WARN, "no way back");
        text.push_str(&format!(
            "  {warning}: a host that is built with its interface does not take the other one\n"
        ));
        findings.iter().for_each(|line| text.push_str(&format!("    {line}\n")));
    }
    for note in &report.notes {
        text.push_str(&format!("  note: {note}\n"));
    }
    if !text.is_empty() {
        say::result(&text);
    }
}
