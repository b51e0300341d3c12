//! Arguments of any type, lent to a side that comes from the same build.

use std::{
    collections::{HashMap, VecDeque},
    fmt::Debug,
    rc::Rc,
};

use hotswap_abi::{
    __private::{
        compat::{Mismatch, Requirement},
        manifest::Schema,
        same_build::BuildDifference,
    },
    Interface, Manifest, interface,
};

use crate::{double::start, module};

/// What no interface could describe.
#[derive(Default)]
pub struct World {
    names: HashMap<String, Box<dyn Debug>>,
    shared: Rc<u8>,
}

/// It borrows.
pub struct View<'a>(&'a mut World);

pub trait Sound {
    fn play(&mut self) -> u32;
}

impl Sound for u32 {
    fn play(&mut self) -> u32 {
        *self += 1;
        *self
    }
}

#[interface]
pub trait Scene {
    /// Both ways of lending, beside what always crosses.
    fn tick(
        &mut self,
        #[same_build] world: &mut World,
        name: &str,
        #[same_build] add: &VecDeque<u8>,
    );
    /// Wide references.
    fn hear(
        &self,
        #[same_build] sound: &mut dyn Sound,
        #[same_build] text: &str,
        #[same_build] all: &mut [String],
        #[same_build] each: &mut dyn FnMut(&World),
    ) -> u32;
    /// A type that borrows.
    fn look(&self, #[same_build] view: &mut View<'_>) -> u64;
    /// An interface that is lent and lends.
    fn with(&self, stage: &mut dyn Stage) -> bool;
    #[since("0.1.0")]
    fn reset(&mut self, #[same_build] world: &mut World) {
        self.tick(world, "reset", &VecDeque::new());
        world.shared = Rc::new(9);
    }
}

#[interface]
pub trait Stage {
    fn show(&mut self, #[same_build] world: &mut World);
}

#[derive(Default)]
struct Play {
    ticks: u32,
}
module! { Play: Scene }

impl Scene for Play {
    fn tick(&mut self, world: &mut World, name: &str, add: &VecDeque<u8>) {
        self.ticks += 1;
        let next = (self.ticks, add.clone(), Rc::clone(&world.shared));
        world.names.insert(name.to_owned(), Box::new(next));
    }

    fn hear(
        &self,
        sound: &mut dyn Sound,
        text: &str,
        all: &mut [String],
        each: &mut dyn FnMut(&World),
    ) -> u32 {
        all.iter_mut().for_each(|item| item.push_str(text));
        each(&World { shared: Rc::new(4), ..World::default() });
        sound.play() + sound.play()
    }

    fn look(&self, view: &mut View<'_>) -> u64 {
        view.0.names.len() as u64
    }

    fn with(&self, stage: &mut dyn Stage) -> bool {
        let mut world = World { shared: Rc::new(7), ..World::default() };
        stage.show(&mut world);
        world.names.contains_key("shown")
    }
}

/// Implemented by the one who lends.
struct Lit;

impl Stage for Lit {
    fn show(&mut self, world: &mut World) {
        world.names.insert("shown".to_owned(), Box::new(*world.shared));
    }
}

#[test]
fn any_type_is_lent_and_changed_in_place() {
    let mut double = start::<dyn Scene, Play>();
    let mut client = double.client::<dyn Scene>();
    let mut world = World::default();
    client.tick(&mut world, "a", &VecDeque::from([1, 2])).unwrap();
    client.tick(&mut world, "b", &VecDeque::new()).unwrap();
    assert_eq!(format!("{:?}", world.names["a"]), "(1, [1, 2], 0)");
    assert_eq!(Rc::strong_count(&world.shared), 3);
    client.reset(&mut world).unwrap();
    assert_eq!((*world.shared, world.names.len()), (9, 3));
    assert_eq!(client.look(&mut View(&mut world)).unwrap(), 3);

    let (mut sound, mut all, mut heard) = (5_u32, ["x".to_owned(), "y".to_owned()], 0);
    let sum = client.hear(&mut sound, "!", &mut all, &mut |world| heard = *world.shared);
    assert_eq!((sum.unwrap(), sound, heard), (13, 7, 4));
    assert_eq!(all, ["x!", "y!"]);
    assert!(client.with(&mut Lit).unwrap());
}

fn requirement() -> Requirement {
    let schema = Schema::decode(<dyn Scene as Interface>::schema()).unwrap();
    let mut requirement = Requirement::new(schema);
    requirement.packages = manifest().packages;
    requirement
}

fn manifest() -> Manifest {
    Manifest::decode(<Play as hotswap_abi::HotModule>::MANIFEST).unwrap()
}

#[test]
fn the_description_says_which_arguments_they_are() {
    let schema = requirement().schema;
    assert!(schema.lends_rust_types());
    let scene = schema.types.definition(&schema.interface).unwrap();
    let text = schema.types.signature(&scene.members[0]).to_string();
    assert_eq!(
        text,
        "tick(&mut self, world: #[same_build] &mut World, name: &str, add: #[same_build] &VecDeque<u8>)"
    );
    let text = schema.types.signature(&scene.members[2]).to_string();
    assert_eq!(text, "look(&self, view: #[same_build] &mut View<'_>) -> u64");
}

#[test]
#[cfg_attr(miri, ignore = "a build for miri leaves no lists of files behind")]
fn this_build_is_known_and_fits_itself() {
    assert_eq!(requirement().check(&manifest()), []);
    let manifest = manifest();
    let scene = manifest.types.definition(&manifest.interface).unwrap();
    let build = scene.build.as_ref().unwrap();
    let of = |wanted: &str| {
        build.lines().find(|(what, _)| *what == wanted).map(|(_, value)| value.to_owned())
    };
    assert_eq!(of("--target").as_deref(), Some("none"));
    assert!(of("profile").unwrap().contains("edition=2024"));
    assert_eq!(of("features of hotswap-macros").as_deref(), Some("none"));
    // A dependency of a registry, by way of a local one.
    assert_eq!(of("dependency abi_stable").as_deref(), Some("0.11.3"));
    assert!(of("sources of abi_stable").is_none());
    for what in ["build of hotswap_abi", "sources of hotswap-abi", "sources of hotswap-macros"] {
        assert!(of(what).is_some_and(|value| value.len() >= 16), "{what}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "a build for miri leaves no lists of files behind")]
fn packages_that_a_side_does_not_know_are_a_reason_to_refuse() {
    let text = |requirement: &Requirement, manifest: &Manifest| {
        let found = requirement.check(manifest);
        let [Mismatch::Build(difference)] = &found[..] else { panic!("{found:?}") };
        difference.to_string()
    };
    let (mut requirement, mut manifest) = (requirement(), manifest());
    let why = "does not say which packages it is built from";
    let packages = manifest.packages.take();
    let wanted = format!("the artifact's build is not known: it {why}");
    assert_eq!(text(&requirement, &manifest), wanted);
    (manifest.packages, requirement.packages) = (packages, None);
    assert_eq!(text(&requirement, &manifest), format!("the host's build is not known: it {why}"));
}

#[test]
fn another_compiler_is_the_first_difference() {
    let mut manifest = manifest();
    manifest.rustc = "rustc 1.96.0".to_owned();
    let found = requirement().check(&manifest);
    let [Mismatch::Build(BuildDifference::Value { what, artifact, .. })] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!((what.as_str(), artifact.as_deref()), ("compiler", Some("rustc 1.96.0")));
}

#[test]
fn a_build_that_differs_below_a_lent_interface_is_found() {
    let mut manifest = manifest();
    let stage = manifest.types.definitions.iter_mut().find(|it| it.name == "Stage").unwrap();
    assert!(stage.build.is_some());
    stage.build = None;
    let text = requirement().check(&manifest)[0].to_string();
    assert!(text.contains("has no `#[same_build]` arguments"), "{text}");
}

/// As it would be in another crate: an interface of the same name and methods, and another world.
mod elsewhere {
    use hotswap_abi::interface;

    pub const DECLARED: &str = module_path!();

    pub struct World(pub [u8; 3]);

    #[interface]
    pub trait Stage {
        fn show(&mut self, #[same_build] world: &mut World);
    }

    #[derive(Default)]
    pub struct Dark;
    crate::module! { Dark: Stage }

    impl Stage for Dark {
        fn show(&mut self, world: &mut World) {
            world.0 = [1; 3];
        }
    }
}

#[test]
fn an_interface_of_one_name_from_another_place_is_another_one() {
    let schema = Schema::decode(<dyn Stage as Interface>::schema()).unwrap();
    let mut requirement = Requirement::new(schema);
    let manifest = <elsewhere::Dark as hotswap_abi::HotModule>::MANIFEST;
    let manifest = Manifest::decode(manifest).unwrap();
    requirement.packages.clone_from(&manifest.packages);
    let found: Vec<_> = requirement.check(&manifest).iter().map(ToString::to_string).collect();
    let (ours, theirs) = (module_path!(), elsewhere::DECLARED);
    assert_eq!(found, [format!("Stage  host: {ours}::Stage   artifact: {theirs}::Stage")]);
}
