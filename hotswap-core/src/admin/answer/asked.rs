//! What an operator is asked, what is meant by it, and how that is answered.

use hotswap_abi::__private::text::in_full;
use hotswap_types::ArtifactHash;
use serde::Serialize;

use crate::{
    admin::protocol::Done,
    error::Error,
    operator::{Operator, Status},
};

/// What was done; or why it was not.
pub(crate) type Answer = Result<Done, String>;

/// The host of which something is asked.
pub(super) struct Asked<'a>(pub(super) &'a Operator);

impl Asked<'_> {
    /// The slots that are meant: one, or all.
    pub(super) fn slots(&self, slot: Option<&str>) -> Result<Status, String> {
        let mut status = self.0.status();
        if let Some(slot) = slot {
            self.known(&status, slot)?;
            status.slots.retain(|it| it.name == slot);
        }
        Ok(status)
    }

    fn known(&self, status: &Status, slot: &str) -> Result<(), String> {
        if status.slots.iter().any(|it| it.name == slot) {
            return Ok(());
        }
        let known: Vec<_> = status.slots.iter().map(|it| it.name.as_str()).collect();
        Err(format!("no slot {slot} is open; there are: {}", known.join(", ")))
    }

    /// The slot that is meant: by its name, or because it is the only one.
    pub(super) fn slot(&self, slot: Option<String>) -> Result<String, String> {
        let status = self.0.status();
        match (slot, status.slots.as_slice()) {
            (Some(slot), _) => self.known(&status, &slot).map(|()| slot),
            (None, [only]) => Ok(only.name.clone()),
            (None, []) => Err("the host has opened no slot yet".to_owned()),
            (None, all) => {
                let known: Vec<_> = all.iter().map(|it| it.name.as_str()).collect();
                Err(format!("say which slot is meant; there are: {}", known.join(", ")))
            }
        }
    }

    /// The one among some artifacts whose hash begins so.
    pub(super) fn artifact(
        &self,
        named: &str,
        among: impl IntoIterator<Item = ArtifactHash>,
    ) -> Result<ArtifactHash, String> {
        if let Ok(whole) = named.parse() {
            return Ok(whole);
        }
        let named = named.trim_end_matches('…').to_ascii_lowercase();
        let mut meant: Vec<_> =
            among.into_iter().filter(|it| it.to_string().starts_with(&named)).collect();
        meant.sort();
        meant.dedup();
        match meant[..] {
            _ if named.is_empty() => Err("say which artifact is meant".to_owned()),
            [only] => Ok(only),
            [] => Err(format!("no artifact that this could mean begins with {named}")),
            _ => {
                let meant: Vec<_> = meant.iter().map(ToString::to_string).collect();
                Err(format!("{named} may mean {}", meant.join(" or ")))
            }
        }
    }
}

pub(super) fn text(error: Error) -> String {
    in_full(&error)
}

pub(super) fn done(text: impl Into<String>, value: impl Serialize) -> Answer {
    found(true, text, value)
}

pub(super) fn found(yes: bool, text: impl Into<String>, value: impl Serialize) -> Answer {
    let value = serde_json::to_value(value).map_err(|error| error.to_string())?;
    Ok(Done { yes, text: text.into(), value })
}
