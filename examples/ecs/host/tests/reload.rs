//! The example as its README plays it: a copy is edited while it runs, and the world goes on.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use hotswap_testing::Terminal;

/// A copy of the example, built where the example is: what it depends on is compiled once.
struct Copy {
    folder: PathBuf,
    target: PathBuf,
}

const SYSTEMS: &str = "systems/src/lib.rs";
const FILES: [&str; 8] = [
    "Cargo.toml",
    "Cargo.lock",
    "api/Cargo.toml",
    "api/src/lib.rs",
    "host/Cargo.toml",
    "host/src/main.rs",
    "systems/Cargo.toml",
    SYSTEMS,
];

impl Copy {
    fn new() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap();
        let repository = root.ancestors().nth(2).unwrap().display().to_string();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("copy");
        for file in FILES {
            let text = fs::read_to_string(root.join(file)).unwrap();
            let to = folder.join(file);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::write(to, text.replace("../../..", &repository)).unwrap();
        }
        let profile = env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned();
        Self { folder, target: profile.parent().unwrap().to_owned() }
    }

    fn start(&self) -> Terminal {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--offline", "--quiet"]);
        assert!(self.here(&mut cargo).status().unwrap().success());
        // What the host says of upgrades is on its stderr.
        let program = self.target.join("debug/ecs-host").display().to_string();
        let mut shell = Command::new("sh");
        shell.args(["-c", "exec \"$0\" 2>&1", &program]);
        Terminal::start(self.here(&mut shell))
    }

    fn here<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let command = command.current_dir(&self.folder).env("CARGO_TARGET_DIR", &self.target);
        command.env("CARGO_NET_OFFLINE", "true").env_remove("CARGO_BUILD_TARGET")
    }

    /// Replaces texts that a file has once, in one save.
    #[track_caller]
    fn edit(&self, file: &str, edits: &[(&str, &str)]) {
        let path = self.folder.join(file);
        let mut text = fs::read_to_string(&path).unwrap();
        for (from, to) in edits {
            assert_eq!(text.matches(from).count(), 1, "{from} in {file}:\n{text}");
            text = text.replace(from, to);
        }
        fs::write(path, text).unwrap();
    }
}

/// What a line says of the world.
#[derive(Debug, Clone, Default)]
struct Line {
    step: u64,
    /// The fastest body's.
    place: f64,
    fuel: u64,
    /// What a component has that was added later.
    age: Option<u64>,
}

fn line(text: &str) -> Option<Line> {
    let (step, rest) = text.strip_prefix("step ")?.split_once(": bodies at [")?;
    let (places, said) = rest.split_once("], ")?;
    let place = places.rsplit(", ").next()?.parse().ok()?;
    let mut words = said.split(", ").map(|it| it.rsplit(' ').next()?.parse().ok());
    Some(Line {
        step: step.parse().ok()?,
        place,
        fuel: words.next()??,
        age: words.next().flatten(),
    })
}

/// The next line that this is true of.
#[track_caller]
fn next(terminal: &Terminal, what: &str, is_it: impl Fn(&Line) -> bool) -> Line {
    let mut found = Line::default();
    terminal.sees(what, |text| {
        line(text).filter(|it| is_it(it)).is_some_and(|it| {
            found = it;
            true
        })
    });
    found
}

#[test]
fn entities_outlive_the_systems_that_work_on_them() {
    let copy = Copy::new();
    let host = copy.start();
    let one = next(&host, "two steps", |it| it.step == 2);
    assert_eq!((one.place, one.fuel), (6.0, 2994));

    // Another system: bodies turn round where they are, with the fuel that they have.
    copy.edit(SYSTEMS, &[("position.0 += velocity.0", "position.0 -= velocity.0")]);
    let mut last = one.place;
    let two = loop {
        let line = next(&host, "another step", |_| true);
        assert!((line.place - last).abs() == 3.0, "{line:?} after {last}");
        if line.place < last {
            break line;
        }
        last = line.place;
    };
    assert_eq!(two.fuel, 3000 - 3 * two.step);

    // One more component, for bodies that are there already.
    copy.edit(
        SYSTEMS,
        &[
            ("struct Fuel(u32);", "struct Fuel(u32);\n\n#[derive(Component)]\nstruct Age(u32);"),
            ("Without<Fuel>)>", "Without<Age>)>"),
            ("insert(Fuel(1000))", "insert(Age(0))"),
            ("bodies: Query<'_, '_, &Fuel>)", "bodies: Query<'_, '_, &Fuel>, mut ages: Query<'_, '_, &mut Age>)"),
            ("format!(\"fuel {fuel}\");", "format!(\"fuel {fuel}, age {}\", ages.iter_mut().map(|mut it| { it.0 += 1; it.0 }).max().unwrap());"),
        ],
    );
    let three = next(&host, "an age", |it| it.age == Some(2));
    assert_eq!(three.fuel, 3000 - 3 * three.step);

    // The world has values of that type, and they stay what they are.
    copy.edit(SYSTEMS, &[("struct Age(u32);", "struct Age(u64);")]);
    let rejected = "  rejected  Age of ecs-systems changed under the same TypeId";
    host.sees(rejected, |text| text.starts_with(rejected));
    next(&host, "the version before", |it| it.age > Some(2));

    // Under another name it is another component, which is made of the old one.
    copy.edit(
        SYSTEMS,
        &[
            ("struct Age(u64);", YEARS),
            ("(fuel_up, fly, report)", "(fuel_up, grow, fly, report)"),
            ("&mut Age>)", "&mut Years>)"),
            (", age {}", ", years {}"),
        ],
    );
    let years = |text: &str| text.contains("years");
    let mut seen = None;
    host.sees("years", |text| {
        seen = line(text);
        years(text) && seen.is_some()
    });
    let four = seen.unwrap();
    assert!(four.age > Some(3), "{four:?}");

    // What both sides share needs another host.
    copy.edit("api/src/lib.rs", &[("/// Where a body is.", "/// Where it is.")]);
    let refused = "sources of ecs-api  changed: src/lib.rs";
    host.sees(refused, |text| text.contains(refused));
    next(&host, "the version before", |it| it.age > four.age);
}

const YEARS: &str = "struct Age(u32);

#[derive(Component)]
struct Years(u64);

fn grow(mut commands: Commands<'_, '_>, bodies: Query<'_, '_, (Entity, &Age), Without<Years>>) {
    for (body, age) in &bodies {
        commands.entity(body).insert(Years(age.0.into()));
    }
}";
