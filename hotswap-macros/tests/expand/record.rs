//! Calls that are recorded, replayed on another instance, and told in words.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use hotswap_abi::{
    __private::{
        interface::{Arguments, Recordable, Recorder, ReplayError, Shims, Tape},
        manifest::Schema,
        portable::{argument_words, words},
    },
    CallError, Interface, Portable, interface,
};

use crate::{
    double::{Double, start},
    module,
    values::{Layer, Score, Sprite},
};

#[derive(Portable, Clone, Debug)]
pub enum Command {
    Stop,
    Move(i8, bool),
    Say { text: String, after: Duration },
}

#[interface]
pub trait Game {
    #[expect(clippy::too_many_arguments, reason = "one of each kind")]
    fn all(
        &self,
        n: u8,
        text: &str,
        sprite: &Sprite,
        layers: &[Layer],
        score: Score,
        commands: Vec<Command>,
        unit: (),
        map: BTreeMap<u16, Option<char>>,
        by_value: Sprite,
    ) -> Result<Score, String>;
    fn add(&mut self, n: u64) -> u64;
    fn fail(&self, n: u8);
    fn each(&self, then: &mut dyn FnMut(u8));
    fn fill(&self, bytes: &mut [u8]);
    #[not_replayed]
    fn mail(&self, to: &str);
    fn doubled(&self, n: u64) -> u64 {
        self.add_to(n, n)
    }
    fn add_to(&self, n: u64, m: u64) -> u64;
}

#[derive(Default)]
pub struct Arcade {
    sum: u64,
}

impl Game for Arcade {
    fn all(
        &self,
        n: u8,
        text: &str,
        sprite: &Sprite,
        layers: &[Layer],
        score: Score,
        commands: Vec<Command>,
        (): (),
        map: BTreeMap<u16, Option<char>>,
        by_value: Sprite,
    ) -> Result<Score, String> {
        if n == 0 {
            return Err("none".to_owned());
        }
        let player = format!(
            "{n} {text} {sprite:?} {layers:?} {score:?} {commands:?} {map:?} {by_value:?} {}",
            self.sum
        );
        Ok(Score { player, points: 7 })
    }
    fn add(&mut self, n: u64) -> u64 {
        self.sum += n;
        self.sum
    }
    fn fail(&self, n: u8) {
        panic!("told to fail with {n}");
    }
    fn each(&self, then: &mut dyn FnMut(u8)) {
        then(3);
    }
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(9);
    }
    fn mail(&self, _: &str) {}
    fn add_to(&self, n: u64, m: u64) -> u64 {
        n + m
    }
}

module!(Arcade: Game);

/// A method, and its arguments where they are data.
type Call = (usize, Option<Vec<u8>>);

#[derive(Clone, Default)]
struct Calls(Arc<Mutex<Vec<Call>>>);

impl Tape for Calls {
    fn note(&self, method: usize, arguments: Arguments<'_>) {
        let arguments = arguments.encoded().map(|it| it.end().to_vec());
        self.0.lock().unwrap().push((method, arguments));
    }
}

/// The calls that `calls` makes, through a recorder.
fn recorded(double: &mut Double, calls: impl FnOnce(&mut GameClient<Recording<'_>>)) -> Vec<Call> {
    let tape = Calls::default();
    let shims = Shims::new(&<dyn Game>::recordables::<Calls>(), double.target());
    // SAFETY: the shims are of this interface, tape and instance.
    let recorder = unsafe { Recorder::new(double.target(), &shims, &tape) };
    calls(&mut <dyn Game>::client(Recording(&recorder)));
    tape.0.lock().unwrap().clone()
}

struct Recording<'r>(&'r Recorder<'r, Calls>);

// SAFETY: the recorder's instance is this test's alone.
unsafe impl hotswap_abi::__private::interface::Caller for Recording<'_> {
    fn shared<R>(
        &self,
        call: impl FnOnce(hotswap_abi::__private::interface::Target<'_>) -> Result<R, Box<CallError>>,
        _: fn(&R) -> bool,
    ) -> Result<R, Box<CallError>> {
        call(self.0.target())
    }

    fn exclusive<R>(
        &mut self,
        call: impl FnOnce(hotswap_abi::__private::interface::Target<'_>) -> Result<R, Box<CallError>>,
        _: fn(&R) -> bool,
    ) -> Result<R, Box<CallError>> {
        call(self.0.target())
    }
}

/// Asks the same of another instance.
fn replayed(double: &Double, call: &Call) -> Result<Vec<u8>, ReplayError> {
    let recordables: Box<[Recordable]> = <dyn Game>::recordables::<Calls>();
    let arguments = call.1.as_ref().expect("they are data");
    // SAFETY: of this interface; nobody else has the instance.
    unsafe { recordables[call.0].replay(double.target(), arguments) }
}

fn sprite() -> Sprite {
    Sprite { x: 0.5, y: -1.0, layer: Layer::Back }
}

fn ask_all(game: &GameClient<Recording<'_>>, n: u8) -> Result<Score, String> {
    let score = Score { player: "ada".to_owned(), points: 3 };
    let commands = vec![
        Command::Stop,
        Command::Move(-1, true),
        Command::Say { text: "a\u{1b}b".to_owned(), after: Duration::from_millis(1500) },
    ];
    let (layers, map) = ([Layer::Front, Layer::Back], [(1, Some('x')), (2, None)].into());
    game.all(n, "hi", &sprite(), &layers, score, commands, (), map, sprite()).unwrap()
}

#[test]
fn a_recorded_call_is_asked_again_and_told_in_words() {
    let mut answers = Vec::new();
    let calls = recorded(&mut start::<dyn Game, Arcade>(), |game| {
        answers.push(ask_all(game, 1));
        answers.push(ask_all(game, 0));
    });
    let again = start::<dyn Game, Arcade>();
    let schema = Schema::decode(<dyn Game>::schema()).unwrap();
    let interface = schema.types.definition(&schema.interface).unwrap();
    let (result, arguments) = interface.members[0].parts.split_last().unwrap();
    for (call, answer) in calls.iter().zip(&answers) {
        let bytes = replayed(&again, call).unwrap();
        let told = words(&schema.types, result, &bytes, 1000);
        assert_eq!(told, format!("{answer:?}"));
    }
    let told = argument_words(&schema.types, arguments, calls[0].1.as_ref().unwrap(), 1000);
    assert_eq!(
        told,
        "1, \"hi\", Sprite { x: 0.5, y: -1.0, layer: Back }, [Front, Back], \
         Score { player: \"ada\", points: 3 }, \
         [Stop, Move(-1, true), Say { text: \"a\\u{1b}b\", after: 1.500000000s }], (), \
         {1: Some('x'), 2: None}, Sprite { x: 0.5, y: -1.0, layer: Back }"
    );
    let short = argument_words(&schema.types, arguments, calls[0].1.as_ref().unwrap(), 20);
    assert_eq!(short, "1, \"hi\", Sprite { x: …");
    // What is no value is not read beyond its end.
    for end in 0..calls[0].1.as_ref().unwrap().len() {
        let cut = &calls[0].1.as_ref().unwrap()[..end];
        let told = argument_words(&schema.types, arguments, cut, 1000);
        assert!(told.ends_with('…'), "{told}");
        let call = (calls[0].0, Some(cut.to_vec()));
        assert!(matches!(replayed(&again, &call), Err(ReplayError::Arguments(_))));
    }
}

#[test]
fn calls_that_change_the_instance_are_replayed_in_their_order() {
    let calls = recorded(&mut start::<dyn Game, Arcade>(), |game| {
        for n in 1..=3 {
            game.add(n).unwrap();
        }
    });
    let again = start::<dyn Game, Arcade>();
    let answers: Vec<_> = calls.iter().map(|call| replayed(&again, call).unwrap()).collect();
    assert_eq!(answers, [1_u64, 3, 6].map(|n| n.to_le_bytes().to_vec()));
}

#[test]
fn what_fails_is_recorded_and_fails_again() {
    let calls = recorded(&mut start::<dyn Game, Arcade>(), |game| {
        assert!(matches!(game.fail(7), Err(CallError::Panicked(_))));
    });
    let Err(ReplayError::Call(error)) = replayed(&start::<dyn Game, Arcade>(), &calls[0]) else {
        panic!("it does not fail");
    };
    assert!(error.to_string().contains("told to fail with 7"), "{error}");
}

#[test]
fn what_is_no_data_gets_through_and_is_not_replayed() {
    let calls = recorded(&mut start::<dyn Game, Arcade>(), |game| {
        let mut seen = Vec::new();
        game.each(&mut |n| seen.push(n)).unwrap();
        let mut bytes = [0; 3];
        game.fill(&mut bytes).unwrap();
        game.mail("ada").unwrap();
        assert_eq!((seen, bytes), (vec![3], [9; 3]));
    });
    assert_eq!(calls, [(3, None), (4, None), (5, None)]);
    let recordables = <dyn Game>::recordables::<Calls>();
    let replayed: Vec<_> = recordables.iter().map(Recordable::is_replayed).collect();
    assert_eq!(replayed, [true, true, true, false, false, false, true, true]);
}

/// The interface before `doubled` came, and with the methods in another order.
mod older {
    use hotswap_abi::interface;

    #[interface]
    pub trait Game {
        fn add_to(&self, n: u64, m: u64) -> u64;
    }

    #[derive(Default)]
    pub struct Arcade;

    impl Game for Arcade {
        fn add_to(&self, n: u64, m: u64) -> u64 {
            n + m
        }
    }

    crate::module!(Arcade: Game);
}

#[test]
fn a_default_body_is_recorded_by_what_it_asks_and_replayed_by_a_side_that_lacks_it() {
    let calls = recorded(&mut start::<dyn Game, older::Arcade>(), |game| {
        assert_eq!(game.doubled(4).unwrap(), 8);
    });
    assert_eq!(calls.iter().map(|(method, _)| *method).collect::<Vec<_>>(), [7]);
    let doubled = (6, Some(4_u64.to_le_bytes().to_vec()));
    for again in [start::<dyn Game, older::Arcade>(), start::<dyn Game, Arcade>()] {
        assert_eq!(replayed(&again, &doubled).unwrap(), 8_u64.to_le_bytes());
    }
}
