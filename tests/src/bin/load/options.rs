//! What can be asked for.

use std::time::Duration;

pub(crate) const HELP: &str = "\
Upgrades a web server under load, and says what its callers notice. Ends with a line of JSON.

  load [--seconds N] [--connections N] [--rate N]

  --seconds N      how long, in turns of 5 s without upgrades and 5 s with them (60)
  --connections N  callers (16)
  --rate N         requests a second of all of them together, at most (400)";

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) time: Duration,
    pub(crate) connections: u32,
    /// Requests a second.
    pub(crate) rate: u32,
}

impl Options {
    /// `None` where help was asked for.
    pub(crate) fn of(mut arguments: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Self { time: Duration::from_secs(60), connections: 16, rate: 400 };
        while let Some(argument) = arguments.next() {
            let mut number = || {
                let value = arguments.next().ok_or(format!("{argument} needs a number"))?;
                match value.parse::<u32>() {
                    Ok(number @ 1..) => Ok(number),
                    _ => Err(format!("{argument} needs a number of at least 1, and not {value}")),
                }
            };
            match argument.as_str() {
                "--seconds" => options.time = Duration::from_secs(number()?.into()),
                "--connections" => options.connections = number()?,
                "--rate" => options.rate = number()?,
                "--help" | "-h" => return Ok(None),
                other => return Err(format!("{other} is not understood")),
            }
        }
        Ok(Some(options))
    }

    /// From one request of a connection to its next.
    pub(crate) fn pace(&self) -> Duration {
        Duration::from_secs(1) * self.connections / self.rate
    }
}
