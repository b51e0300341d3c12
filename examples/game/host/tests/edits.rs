//! Real edits, in a copy of the game's sources, while it is played: what is saved runs, what is
//! wrong is shown and survived.

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use game::{
    game::Game,
    modules::{Modules, Part},
};
use game_api::{Keys, Kind};

/// Far longer than anything takes.
const LONG: Duration = Duration::from_secs(600);
const SIZE: (u16, u16) = (96, 56);

/// A copy of the game's sources, in a workspace of its own.
struct Scratch {
    root: PathBuf,
    /// Shared with the tour's module: what both depend on is built once.
    built: PathBuf,
}

impl Scratch {
    fn new() -> Self {
        let target = env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
        let root = target.join("game-scratch");
        let game = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let clone = game.ancestors().nth(2).unwrap();
        for package in ["api", "physics", "rules"] {
            let (from, to) = (game.join(package), root.join(package));
            if to.exists() {
                fs::remove_dir_all(&to).unwrap();
            }
            fs::create_dir_all(to.join("src")).unwrap();
            let manifest = fs::read_to_string(from.join("Cargo.toml")).unwrap();
            let manifest = manifest.replace("../../..", &clone.display().to_string());
            fs::write(to.join("Cargo.toml"), manifest).unwrap();
            for file in fs::read_dir(from.join("src")).unwrap().map(Result::unwrap) {
                fs::copy(file.path(), to.join("src").join(file.file_name())).unwrap();
            }
        }
        fs::copy(clone.join("Cargo.lock"), root.join("Cargo.lock")).unwrap();
        let workspace = "[workspace]\nresolver = \"3\"\nmembers = [\"api\", \"physics\", \"rules\"]\n\n\
                         [profile.dev]\ndebug = \"line-tables-only\"\n";
        fs::write(root.join("Cargo.toml"), workspace).unwrap();
        Self { root, built: target.join("quickstart/build") }
    }

    /// As an editor does: one text for another, and saved.
    #[track_caller]
    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.root.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(from).count(), 1, "{from:?} in {file}");
        fs::write(path, text.replace(from, to)).unwrap();
    }
}

/// One after the other: they share a copy, and a target folder that is built once.
static TURN: Mutex<()> = Mutex::new(());

/// What cargo has built is played.
fn play(test: impl FnOnce(&Scratch, &mut Game)) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let scratch = Scratch::new();
    let modules = Modules::from_sources(&scratch.root, |request| {
        request.with_argument("--offline").with_target_folder(&scratch.built)
    });
    let mut game = Game::start(modules.unwrap(), SIZE);
    until(&mut game, |game| Part::ALL.map(|part| game.generation(part)) == [2, 2]);
    until(&mut game, |game| game.picture.board.score > 0);
    test(&scratch, &mut game);
    assert!(game.news.errors.is_empty() && game.hang().is_none(), "{:#?}", game.news);
    game.end();
}

/// Plays on until something holds.
#[track_caller]
fn until(game: &mut Game, mut holds: impl FnMut(&Game) -> bool) {
    let end = Instant::now() + LONG;
    let keys = Keys { autopilot: true, ..Keys::default() };
    while !holds(game) {
        assert!(Instant::now() < end, "it does not happen: {:#?}", game.news);
        game.tick(keys.clone(), SIZE);
        thread::sleep(Duration::from_millis(2));
    }
}

/// Whether a later generation of this module serves than the one that does.
fn is_next(part: Part, game: &Game) -> impl FnMut(&Game) -> bool + use<> {
    let number = game.generation(part);
    move |game| game.generation(part) > number
}

fn wrong(game: &Game) -> String {
    let wrong = game.news.wrong(game.hang(), Instant::now());
    wrong.into_iter().map(|wrong| format!("{}\n{}\n", wrong.title, wrong.text)).collect()
}

fn bricks(game: &Game) -> usize {
    game.picture.bodies.iter().filter(|body| body.kind == Kind::Brick).count()
}

const PHYSICS: &str = "physics/src/lib.rs";
const RULES: &str = "rules/src/lib.rs";

#[test]
fn what_is_saved_is_played_and_the_state_stays() {
    play(|scratch, game| {
        let (score, left) = (game.picture.board.score, bricks(game));
        // A constant of the physics.
        let next = is_next(Part::Physics, game);
        scratch.edit(PHYSICS, "const PADDLE: f32 = 7.0;", "const PADDLE: f32 = 21.0;");
        until(game, next);
        until(game, |game| {
            game.picture.bodies.iter().any(|it| it.kind == Kind::Paddle && it.half_width == 21.0)
        });
        assert!(game.picture.board.score >= score && bricks(game) <= left);

        // A new field of the state.
        let next = is_next(Part::Physics, game);
        scratch.edit(PHYSICS, "    seed: u32,\n}", "    seed: u32,\n    steps: u32,\n}");
        scratch.edit(
            PHYSICS,
            "let mut hits = Vec::new();",
            "self.world.steps += 1;\n        let mut hits = Vec::new();",
        );
        until(game, next);
        until(game, |game| {
            let live = game.news.serving[Part::Physics as usize].live.as_ref();
            live.is_some_and(|live| live.state.to_string().contains("defaulted World.steps"))
        });
        assert!(game.picture.board.score >= score && (1..=left).contains(&bricks(game)));

        // The rules, and the drawing.
        let next = is_next(Part::Rules, game);
        scratch.edit("rules/src/draw.rs", "\"SCORE {score}\"", "\"POINTS {score}\"");
        until(game, next);
        until(game, |game| {
            game.picture.labels.iter().any(|label| label.text.starts_with("POINTS "))
        });
        assert!(game.picture.board.score >= score);
    });
}

#[test]
fn what_is_wrong_is_shown_and_survived() {
    play(|scratch, game| {
        // A typo.
        scratch.edit(PHYSICS, "const BOUNCE: f32 = 1.0;", "const BOUNCE: f32 = 1.0");
        until(game, |game| wrong(game).contains("error: expected"));
        let number = game.picture.number;
        until(game, |game| game.picture.number > number + 10);
        scratch.edit(PHYSICS, "const BOUNCE: f32 = 1.0", "const BOUNCE: f32 = 1.0;");
        until(game, |game| wrong(game).is_empty());

        // A panic.
        let next = is_next(Part::Rules, game);
        scratch.edit(RULES, "self.game.clock += dt;", "self.game.clock += dt; panic!(\"oh\");");
        until(game, next);
        until(game, |game| wrong(game).contains("Rules::play: oh"));
        let next = is_next(Part::Rules, game);
        scratch.edit(RULES, " panic!(\"oh\");", "");
        until(game, next);
        until(game, |game| wrong(game).is_empty());

        // A start that hangs.
        let start = "let fresh = World {";
        let serving = game.generation(Part::Physics);
        scratch.edit(PHYSICS, start, "loop { std::thread::park() }\n        let fresh = World {");
        until(game, |game| wrong(game).contains("start  it did not come back within 1s"));
        assert_eq!(game.generation(Part::Physics), serving);
        scratch.edit(PHYSICS, "loop { std::thread::park() }\n        ", "");
        let score = game.picture.board.score;
        until(game, |game| game.picture.board.score > score);
    });
}

#[test]
fn a_call_that_hangs_is_left_behind() {
    play(|scratch, game| {
        for (part, file, call) in [
            (Part::Physics, PHYSICS, "let mut hits = Vec::new();"),
            (Part::Rules, RULES, "let mut orders = Vec::new();"),
        ] {
            let (score, left) = (game.picture.board.score, bricks(game));
            let hang = format!("{call} loop {{ std::thread::park() }}");
            scratch.edit(file, call, &hang);
            until(game, |game| game.hang().is_some());
            assert!(wrong(game).starts_with(&format!("{part} hangs\n")), "{}", wrong(game));
            // It hangs still when the next build is there.
            let next = is_next(part, game);
            scratch.edit(file, &hang, call);
            until(game, next);
            until(game, |game| game.hang().is_none());
            let number = game.picture.number;
            until(game, |game| game.picture.number > number + 10);
            assert!(game.picture.board.score >= score && bricks(game) <= left && left > 0);
        }
    });
}
