//! How a call ends: results, defaults on this side, errors, panics.

use std::panic::{AssertUnwindSafe, catch_unwind};

use hotswap_abi::{CallError, Portable, interface};

use crate::{
    double::{log, logged, start},
    module,
};

/// What the host was compiled with.
mod new {
    use super::*;

    #[interface(version = "1.2.0")]
    pub trait Game {
        /// Comes last in the older version.
        fn title(&self) -> String;
        #[since("1.1.0")]
        fn greeting(&self, mut name: String) -> String {
            name.push('!');
            format!("{}: hello {name}", self.title())
        }
        fn points(&mut self, add: u32) -> u32;
        #[since("1.2.0")]
        fn win(&mut self) -> u32 {
            let now = self.points(40);
            log(self.greeting("you".to_owned()));
            now + self.points(2)
        }
        #[since("1.2.0")]
        fn lose(&self) {
            panic!("a default body's own");
        }
        #[since("1.2.0")]
        fn rename(&self, engine: &mut dyn Engine) -> String {
            engine.twice(&self.title())
        }
        #[fold]
        fn save(&self, fails: bool) -> Result<u32, SaveError>;
        #[since("1.2.0")]
        #[fold]
        fn all(
            &self,
            text: &str,
            values: Vec<u8>,
            each: &mut dyn FnMut(u8),
            points: &mut [u8],
            engine: &dyn Engine,
        ) -> Result<u32, SaveError> {
            values.iter().for_each(|value| each(*value));
            points.fill(self.title().len() as u8);
            log(engine.once(text));
            if values.is_empty() { Err(SaveError::Disk) } else { self.save(false) }
        }
        fn fail(&self, how: u8);
        fn with(&mut self, engine: &mut dyn Engine) -> u32;
    }

    #[interface]
    pub trait Engine {
        fn once(&self, text: &str) -> String;
        #[since("0.1.0")]
        fn twice(&mut self, text: &str) -> String {
            let text = self.once(text);
            self.once(&text)
        }
        fn added(&self) -> u32;
    }
}

/// What the module was compiled with.
mod old {
    use super::*;

    #[interface(version = "1.0.0")]
    pub trait Game {
        fn with(&mut self, engine: &mut dyn Engine) -> u32;
        fn points(&mut self, add: u32) -> u32;
        fn save(&self, fails: bool) -> Result<u32, SaveError>;
        fn fail(&self, how: u8);
        /// The host does not know it.
        fn more(&self) -> u8 {
            1
        }
        fn title(&self) -> String;
    }

    #[interface]
    pub trait Engine {
        fn twice(&mut self, text: &str) -> String {
            panic!("the other side has it: {text}");
        }
        fn once(&self, text: &str) -> String;
        /// The host lacks it.
        fn late(&self) -> u32 {
            self.once("late").len() as u32
        }
    }
}

#[derive(Portable, Clone, Debug, PartialEq)]
pub enum SaveError {
    Disk,
    Call(String),
}

impl From<CallError> for SaveError {
    fn from(error: CallError) -> Self {
        Self::Call(error.to_string())
    }
}

#[derive(Default)]
struct Arcade {
    points: u32,
}
module!(Arcade: old::Game);

impl old::Game for Arcade {
    fn with(&mut self, engine: &mut dyn old::Engine) -> u32 {
        log(engine.twice("x"));
        engine.late()
    }
    fn points(&mut self, add: u32) -> u32 {
        self.points += add;
        self.points
    }
    fn save(&self, fails: bool) -> Result<u32, SaveError> {
        if fails { Err(SaveError::Disk) } else { panic!("no disk at all") }
    }
    fn fail(&self, how: u8) {
        match how {
            0 => panic!("text"),
            1 => panic!("number {how}"),
            _ => std::panic::panic_any(7_u8),
        }
    }
    fn title(&self) -> String {
        "Arcade".to_owned()
    }
}

struct Quoter(Option<&'static str>);

impl new::Engine for Quoter {
    fn once(&self, text: &str) -> String {
        if self.0 == Some(text) {
            std::panic::panic_any(9_i16);
        }
        format!("'{text}'")
    }
    fn added(&self) -> u32 {
        0
    }
}

fn failure(result: Result<(), CallError>) -> String {
    match result {
        Err(CallError::Panicked(failure)) => {
            format!("{} {} {}", failure.module, failure.method, failure.message)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn methods_are_found_by_name_whatever_their_order() {
    let mut double = start::<dyn new::Game, Arcade>();
    let mut game = double.client::<dyn new::Game>();
    assert_eq!(game.title().unwrap(), "Arcade");
    assert_eq!(game.points(3).unwrap(), 3);
    assert_eq!(game.with(&mut Quoter(None)).unwrap(), 6);
    assert_eq!(logged(), ["''x''"]);
}

#[test]
fn a_default_body_runs_here_and_its_calls_go_to_the_module() {
    let mut double = start::<dyn new::Game, Arcade>();
    let mut game = double.client::<dyn new::Game>();
    assert_eq!(game.greeting("Ada".to_owned()).unwrap(), "Arcade: hello Ada!");
    assert_eq!(game.win().unwrap(), 40 + 42);
    assert_eq!(logged(), ["Arcade: hello you!"]);
    assert_eq!(game.rename(&mut Quoter(None)).unwrap(), "''Arcade''");
}

#[test]
fn a_default_body_takes_every_kind_of_argument_and_folds() {
    let mut double = start::<dyn new::Game, Arcade>();
    let game = double.client::<dyn new::Game>();
    let (mut seen, mut points) = (Vec::new(), [0; 2]);
    let mut all = |values| {
        game.all("text", values, &mut |value| seen.push(value), &mut points, &Quoter(None))
    };
    assert_eq!(all(Vec::new()), Err(SaveError::Disk));
    let failed = all(vec![1, 2]).unwrap_err();
    assert!(matches!(failed, SaveError::Call(text) if text.ends_with("no disk at all")));
    assert_eq!((seen, points), (vec![1, 2], [6; 2]));
    assert_eq!(logged(), ["'text'", "'text'"]);
}

#[test]
fn a_panic_in_a_default_body_is_the_callers_own() {
    let mut double = start::<dyn new::Game, Arcade>();
    let game = double.client::<dyn new::Game>();
    let payload = catch_unwind(AssertUnwindSafe(|| game.lose())).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"a default body's own"));
}

#[test]
fn an_error_folds_the_calls_failure() {
    let mut double = start::<dyn new::Game, Arcade>();
    let game = double.client::<dyn new::Game>();
    assert_eq!(game.save(true), Err(SaveError::Disk));
    let text = "arcade 1.0.0 (generation 1) failed in Game::save: no disk at all";
    assert_eq!(game.save(false), Err(SaveError::Call(text.to_owned())));
}

#[test]
fn a_panic_in_the_module_is_an_error_with_its_text() {
    let mut double = start::<dyn new::Game, Arcade>();
    let game = double.client::<dyn new::Game>();
    let name = "arcade 1.0.0 (generation 1) Game::fail";
    assert_eq!(failure(game.fail(0)), format!("{name} text"));
    assert_eq!(failure(game.fail(1)), format!("{name} number 1"));
    assert_eq!(failure(game.fail(2)), format!("{name} a panic with a payload that is no text"));
    assert_eq!(game.title().unwrap(), "Arcade");
}

#[test]
fn a_panic_in_what_was_lent_goes_on_in_the_caller() {
    let mut double = start::<dyn new::Game, Arcade>();
    let mut game = double.client::<dyn new::Game>();
    for at in ["x", "'x'", "late"] {
        let call = || game.with(&mut Quoter(Some(at)));
        let payload = catch_unwind(AssertUnwindSafe(call)).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&9_i16), "{at}");
    }
    assert_eq!(game.title().unwrap(), "Arcade");
    logged();
}

/// A host refuses such a module; a default body finds out all the same.
#[test]
fn a_method_without_body_that_is_missing_is_an_error_in_a_default_body() {
    /// An older one lacks everything.
    mod empty {
        #[hotswap_abi::interface]
        pub trait Game {}
    }
    #[derive(Default)]
    struct Nothing;
    module!(Nothing: empty::Game);
    impl empty::Game for Nothing {}
    let mut double = start::<dyn new::Game, Nothing>();
    let mut game = double.client::<dyn new::Game>();
    let error = game.win().unwrap_err();
    assert!(matches!(error, CallError::Undecodable(_)), "{error:?}");
    assert!(error.to_string().contains("Game::points"), "{error}");
}
