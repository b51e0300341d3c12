//! `inspect`: what an artifact says of itself.

use hotswap_core::artifact::Artifact;

use crate::{
    Error, Outcome,
    args::Inspect,
    describe::{self, Module},
    say,
};

pub(crate) fn run(asked: &Inspect) -> Result<Outcome, Error> {
    let artifact = Artifact::read(&asked.file).map_err(|error| {
        if error.is_unread() { Error::unable(&error) } else { Error::Refused(error.to_string()) }
    })?;
    if asked.json {
        say::object(&Module::of(&artifact));
    } else {
        say::result(&describe::text(&artifact));
    }
    Ok(Outcome::Done)
}
