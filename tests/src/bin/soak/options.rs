//! What can be asked for.

use hotswap_core::Retire;

pub(crate) const HELP: &str = "\
Upgrades one slot again and again under load, and counts what is left. Ends with a line of JSON.

  soak [--upgrades N] [--threads N] [--retain]

  --upgrades N  artifacts, every tenth a bad one (10000)
  --threads N   callers at full speed (4)
  --retain      keep the code of old generations instead of unloading it";

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) upgrades: u64,
    pub(crate) threads: usize,
    pub(crate) retire: Retire,
}

impl Options {
    /// `None` where help was asked for.
    pub(crate) fn of(mut arguments: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Self { upgrades: 10_000, threads: 4, retire: Retire::Unload };
        while let Some(argument) = arguments.next() {
            let mut number = || {
                let value = arguments.next().ok_or(format!("{argument} needs a number"))?;
                match value.parse::<u32>() {
                    Ok(number @ 1..) => Ok(number),
                    _ => Err(format!("{argument} needs a number of at least 1, and not {value}")),
                }
            };
            match argument.as_str() {
                "--upgrades" => options.upgrades = number()?.into(),
                "--threads" => options.threads = number()? as usize,
                "--retain" => options.retire = Retire::Retain,
                "--help" | "-h" => return Ok(None),
                other => return Err(format!("{other} is not understood")),
            }
        }
        Ok(Some(options))
    }
}
