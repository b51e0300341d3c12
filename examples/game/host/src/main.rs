//! See `--help`.

use std::{
    env,
    error::Error,
    io::{self, IsTerminal as _},
    path::Path,
    process::ExitCode,
};

use game::{game::Game, headless, modules::Modules, terminal};

const HELP: &str = "\
A small game in the terminal. Edit examples/game/physics and examples/game/rules while it runs.

  cargo run -p game                          play
  cargo run -p game -- --headless            play 300 frames without a terminal, and sum up
  cargo run -p game -- --headless --frames N

  left, right (or a, d)  move the paddle; without a key for a while, the game plays by itself
  page up, page down     read what is wrong
  q, Ctrl-C              end
";

/// What was asked for.
enum Asked {
    Play,
    Headless { frames: u64 },
    Help,
}

fn main() -> ExitCode {
    let result = match asked(env::args().skip(1)) {
        Ok(Asked::Play) => play(),
        Ok(Asked::Headless { frames }) => headless::play(frames).map(|summary| {
            println!("{summary}");
            if summary.troubles.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }),
        Ok(Asked::Help) => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            eprint!("{error}\n\n{HELP}");
            Ok(ExitCode::from(2))
        }
    };
    result.unwrap_or_else(|error| {
        eprintln!("game: {error}");
        ExitCode::FAILURE
    })
}

fn asked(mut arguments: impl Iterator<Item = String>) -> Result<Asked, String> {
    let (mut headless, mut frames) = (false, None);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--headless" => headless = true,
            "--frames" => {
                let number = arguments.next().ok_or("--frames needs a number")?;
                let number =
                    number.parse().map_err(|_| format!("{number} is no number of frames"))?;
                frames = Some(number);
            }
            "--help" | "-h" => return Ok(Asked::Help),
            other => return Err(format!("{other} is not understood")),
        }
    }
    match (headless, frames) {
        (true, frames) => Ok(Asked::Headless { frames: frames.unwrap_or(300) }),
        (false, None) => Ok(Asked::Play),
        (false, Some(_)) => Err("--frames goes with --headless".to_owned()),
    }
}

fn play() -> Result<ExitCode, Box<dyn Error>> {
    if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        return Err("this is no terminal; try --headless".into());
    }
    // The workspace that this program was built in.
    let modules = Modules::from_sources(Path::new(env!("CARGO_MANIFEST_DIR")), |request| request)?;
    terminal::play(|size| Game::start(modules, size))?;
    Ok(ExitCode::SUCCESS)
}
