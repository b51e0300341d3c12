//! The steps of the tour, in order: what is edited, and how it has to come out.

use std::fs;

use hotswap_core::{
    event::{Phase, Refusal, StateNote},
    journal::Outcome,
};

use crate::{
    Failure, Tour,
    scratch::File::{Api, ApiManifest, Module, ModuleManifest},
};

pub(crate) struct Step {
    pub(crate) title: &'static str,
    pub(crate) run: fn(&mut Tour, &str) -> Result<(), Failure>,
}

pub(crate) const ALL: &[Step] = &[
    Step { title: "a code change, the state is kept", run: code_change },
    Step { title: "the state gets a second version", run: second_version },
    Step { title: "and a third", run: third_version },
    Step { title: "a shape that changed under the same version is refused", run: drift },
    Step { title: "a module whose start fails", run: start_fails },
    Step { title: "a module that panics in start", run: start_panics },
    Step { title: "a module that hangs in start", run: start_hangs },
    Step { title: "a module that would crash the program", run: crashes },
    Step { title: "an incompatible interface", run: other_interface },
    Step { title: "a file that was cut off", run: truncated },
    Step { title: "a file that was made in full length and half written", run: half_written },
    Step { title: "a version that panics in one call of a hundred", run: one_of_a_hundred },
    Step { title: "and a good build works again", run: good_again },
    Step { title: "the report of that", run: report },
];

fn expect(refusal: &Refusal, phase: Phase, text: &str) -> Result<(), Failure> {
    if refusal.phase != phase {
        return Err(format!("refused at {}, not at {phase}", refusal.phase).into());
    }
    let told = refusal.to_string();
    if told.contains(text) {
        Ok(())
    } else {
        Err(format!("the refusal does not say {text:?}").into())
    }
}

fn title(tour: &Tour, expected: &str) -> Result<(), Failure> {
    let title = tour.slot.pin().title()?;
    if title == expected { Ok(()) } else { Err(format!("its title is {title:?}").into()) }
}

fn code_change(tour: &mut Tour, text: &str) -> Result<(), Failure> {
    tour.announce(text);
    tour.scratch.edit(Module, "\"Arcade\".to_owned()", "\"Arcade, edited\".to_owned()")?;
    tour.scratch.build()?;
    let live = tour.live()?;
    if live.state != StateNote::Kept {
        return Err("the state was not kept".into());
    }
    title(tour, "Arcade, edited")
}

fn second_version(tour: &mut Tour, text: &str) -> Result<(), Failure> {
    tour.announce(text);
    tour.scratch.edit(
        Module,
        "/// What outlives an upgrade.
#[derive(HotState, Serialize, Deserialize, Clone, Default)]
#[hot_state(version = 1)]
pub struct World {
    updates: u64,
    player: String,
}",
        "/// The state as it was.
#[derive(HotState, Serialize, Deserialize, Clone)]
#[hot_state(version = 1)]
pub struct WorldV1 {
    updates: u64,
    player: String,
}

impl Migrate<WorldV1> for World {
    fn upgrade(old: WorldV1) -> Result<Self, MigrateError> {
        Ok(Self { updates: old.updates, player: old.player, lives: 3 })
    }
}

/// What outlives an upgrade.
#[derive(HotState, Serialize, Deserialize, Clone, Default)]
#[hot_state(version = 2, previous = WorldV1)]
pub struct World {
    updates: u64,
    player: String,
    lives: u8,
}",
    )?;
    tour.scratch.edit(Module, "HotState, Module,", "HotState, Migrate, MigrateError, Module,")?;
    tour.scratch.edit(
        Module,
        "World { updates: 0, player",
        "World { lives: 3, updates: 0, player",
    )?;
    tour.scratch.edit(ModuleManifest, "version = \"1.0.0\"", "version = \"1.1.0\"")?;
    tour.scratch.build()?;
    migrated(tour, 1, 2)
}

fn third_version(tour: &mut Tour, text: &str) -> Result<(), Failure> {
    tour.announce(text);
    tour.scratch.edit(
        Module,
        "impl Migrate<WorldV1> for World {
    fn upgrade(old: WorldV1)",
        "impl Migrate<WorldV1> for WorldV2 {
    fn upgrade(old: WorldV1)",
    )?;
    tour.scratch.edit(
        Module,
        "/// What outlives an upgrade.
#[derive(HotState, Serialize, Deserialize, Clone, Default)]
#[hot_state(version = 2, previous = WorldV1)]
pub struct World {
    updates: u64,
    player: String,
    lives: u8,
}",
        "/// And as it was then.
#[derive(HotState, Serialize, Deserialize, Clone)]
#[hot_state(version = 2, previous = WorldV1)]
pub struct WorldV2 {
    updates: u64,
    player: String,
    lives: u8,
}

impl Migrate<WorldV2> for World {
    fn upgrade(old: WorldV2) -> Result<Self, MigrateError> {
        Ok(Self { updates: old.updates, players: vec![old.player], lives: old.lives })
    }
}

/// What outlives an upgrade.
#[derive(HotState, Serialize, Deserialize, Clone, Default)]
#[hot_state(version = 3, previous = WorldV2)]
pub struct World {
    updates: u64,
    players: Vec<String>,
    lives: u8,
}",
    )?;
    tour.scratch.edit(
        Module,
        "updates: 0, player: \"ada\".to_owned() }",
        "updates: 0, players: vec![\"ada\".to_owned()] }",
    )?;
    tour.scratch.edit(Module, "self.world.player.clone()", "self.world.players.join(\" and \")")?;
    tour.scratch.edit(ModuleManifest, "version = \"1.1.0\"", "version = \"1.2.0\"")?;
    tour.scratch.build()?;
    migrated(tour, 2, 3)
}

fn migrated(tour: &Tour, from: u32, to: u32) -> Result<(), Failure> {
    let live = tour.live()?;
    if live.state == (StateNote::Migrated { from, to }) {
        Ok(())
    } else {
        Err(format!("expected a migration from {from} to {to}, found: {}", live.state).into())
    }
}

/// Builds an edited module that must be refused, and puts the source back.
fn bad_module(
    tour: &mut Tour,
    text: &str,
    from: &str,
    to: &str,
    phase: Phase,
    told: &str,
) -> Result<(), Failure> {
    tour.announce(text);
    let before = tour.scratch.text(Module)?;
    tour.scratch.edit(Module, from, to)?;
    tour.scratch.build()?;
    expect(&*tour.refused()?, phase, told)?;
    tour.scratch.put_back(Module, &before)?;
    title(tour, "Arcade, edited")
}

const START: &str = "        let fresh = World";

fn drift(tour: &mut Tour, text: &str) -> Result<(), Failure> {
    let (from, to) =
        ("    lives: u8,\n}\n\n/// The module.", "    lives: f32,\n}\n\n/// The module.");
    let before = tour.scratch.text(Module)?;
    tour.scratch.edit(Module, "lives: old.lives", "lives: old.lives.into()")?;
    tour.scratch.edit(Module, "World { lives: 3,", "World { lives: 3.0,")?;
    bad_module(tour, text, from, to, Phase::Assessed, "World.lives  serving: u8   artifact: f32")?;
    tour.scratch.put_back(Module, &before)
}

fn start_fails(tour: &mut Tour, text: &str) -> Result<(), Failure> {
    let code = "        return Err(ModuleError::new(\"no sound card\"));\n        #[allow(unreachable_code)]\n        let fresh = World";
    bad_module(tour, text, START, code, Phase::Rehearsed, "no sound card")
}

fn start_panics(tour: &mut Tour, text: &str) -> Result<(), Failure> {
    let code = "        let scores: Vec<u32> = Vec::new();\n        let _first = scores[0];\n        let fresh = World";
    bad_module(tour, text, START, code, Phase::Rehearsed, "index out of bounds")
}

fn start_hangs(tour: &mut Tour, text: &str) -> Result<(), Failure> {
    let code = "        std::thread::sleep(std::time::Duration::from_secs(3600));\n        let fresh = World";
    bad_module(tour, text, START, code, Phase::Rehearsed, "did not come back")
}

/// The program would end here without a rehearsal.
fn crashes(tour: &mut Tour, text: &str) -> Result<(), Failure> {
    const STATE: &str = "    fn state(&self) -> Cow<'_, World> {";
    let code = format!(
        "    fn self_test(&self, _cx: &Context) -> Result<(), ModuleError> {{\n        \
         let _stray = unsafe {{ (64 as *const u8).read_volatile() }};\n        \
         Ok(())\n    }}\n\n{STATE}"
    );
    bad_module(tour, text, STATE, &code, Phase::Rehearsed, "SIGSEGV")
}

fn other_interface(tour: &mut Tour, text: &str) -> Result<(), Failure> {
    tour.announce(text);
    let (api, manifest, module) =
        (tour.scratch.text(Api)?, tour.scratch.text(ApiManifest)?, tour.scratch.text(Module)?);
    tour.scratch.edit(Api, "dt: f32", "dt: f64")?;
    tour.scratch.edit(Api, "pub points: u64", "pub points: i64")?;
    tour.scratch.edit(Module, "_dt: f32", "_dt: f64")?;
    tour.scratch.edit(Module, "points: self.world.updates", "points: self.world.updates as i64")?;
    tour.scratch.edit(ApiManifest, "version = \"1.3.0\"", "version = \"1.4.0\"")?;
    tour.scratch.build()?;
    let refusal = tour.refused()?;
    expect(&refusal, Phase::Assessed, "Game::update  host: dt: f32   artifact: dt: f64")?;
    expect(&refusal, Phase::Assessed, "Score.points  host: u64   artifact: i64")?;
    tour.scratch.put_back(Api, &api)?;
    tour.scratch.put_back(ApiManifest, &manifest)?;
    tour.scratch.put_back(Module, &module)
}

fn truncated(tour: &mut Tour, text: &str) -> Result<(), Failure> {
    tour.announce(text);
    let artifact = tour.scratch.artifact();
    let whole = fs::read(&artifact)?;
    let cut = artifact.with_extension("part");
    fs::write(&cut, &whole[..whole.len() * 2 / 3])?;
    fs::rename(&cut, &artifact)?;
    expect(&*tour.refused()?, Phase::Inspected, "file")
}

fn half_written(tour: &mut Tour, text: &str) -> Result<(), Failure> {
    tour.announce(text);
    let artifact = tour.scratch.artifact();
    tour.scratch.build()?;
    let mut half = fs::read(&artifact)?;
    let len = half.len();
    half[len / 2..].fill(0);
    let part = artifact.with_extension("part");
    fs::write(&part, half)?;
    fs::rename(&part, &artifact)?;
    expect(&*tour.refused()?, Phase::Inspected, "file")
}

/// It passes everything that can be looked at beforehand, and goes back in its trial.
fn one_of_a_hundred(tour: &mut Tour, text: &str) -> Result<(), Failure> {
    tour.announce(text);
    let before = tour.scratch.text(Module)?;
    tour.scratch.edit(
        Module,
        "        self.world.updates += 1;",
        "        assert!(!self.world.updates.is_multiple_of(100), \"one of a hundred\");\n        \
         self.world.updates += 1;",
    )?;
    tour.scratch.edit(Module, "\"Arcade, edited\"", "\"Arcade, not so good\"")?;
    tour.scratch.build()?;
    tour.live()?;
    let refusal = tour.rolled_back()?;
    expect(&refusal, Phase::Trial, "panics  ")?;
    expect(&refusal, Phase::Trial, "state kept")?;
    tour.scratch.put_back(Module, &before)?;
    title(tour, "Arcade, edited")
}

fn good_again(tour: &mut Tour, text: &str) -> Result<(), Failure> {
    tour.announce(text);
    tour.scratch.edit(Module, "\"Arcade, edited\"", "\"Arcade, and all is well\"")?;
    tour.scratch.edit(ModuleManifest, "version = \"1.2.0\"", "version = \"1.2.1\"")?;
    tour.scratch.build()?;
    tour.live()?;
    tour.committed()?;
    title(tour, "Arcade, and all is well")
}

/// As Markdown; it ends with the plan, which was shown.
fn report(tour: &mut Tour, text: &str) -> Result<(), Failure> {
    tour.announce(text);
    let report = loop {
        let report = tour.reported()?;
        if report.outcome == Outcome::Committed {
            break report.to_string();
        }
    };
    let (own, _plan) = report.split_once("\n## arcade:").ok_or("the report has no plan")?;
    for line in own.trim_end().lines() {
        println!("    {line}");
    }
    Ok(())
}
