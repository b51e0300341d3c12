//! States that the new build cannot have as they are: never dropped without a word.

use std::time::Duration;

use hotswap_core::StateDrift;

use super::{
    place::{Place, unhurried},
    row::{After, Group, Happened, Row, Setting},
};
use crate::{Fixture, counting, fixture, patient};

pub(super) fn group() -> Group {
    let named = |name: &'static str| move || fixture(name).told("label=new");
    let chain = |script: &'static str| {
        move || fixture("chain").told(&format!("label=new;migrate={script}"))
    };
    let by_name = Setting::counter(|_| patient().with_state_drift(StateDrift::CarryByName));
    let assessed = "refused at Assessed";
    let migrating = "refused at Migrating";
    let chained = Setting::of("chain", |_| patient().with_pause_deadline(PAUSE));
    let back = |name, script, says| {
        Row::bad(name, named("counter"), "refused at Snapshotted", says)
            .with(chained.scripted(script))
    };
    Group {
        title: "states",
        setting: Setting::counter(|_| patient().with_pause_deadline(PAUSE)),
        rows: vec![
            Row::bad(
                "state gone",
                named("stateless"),
                assessed,
                &["state  serving: Count version 1   artifact: none", "give the module its state"],
            ),
            Row::bad(
                "state of another name",
                named("renamed"),
                assessed,
                &["state  serving: Count   artifact: Tally", "#[hot_state(name"],
            ),
            Row::bad(
                "state of another shape, same version",
                named("drift"),
                assessed,
                &["Count.owner  serving: String   artifact: nothing", "impl hotswap_abi::Migrate<"],
            ),
            Row::bad(
                "state of a later version, back to an earlier build",
                named("counter"),
                "live",
                &["state downgraded from version 3 to 1"],
            )
            .then(After::TheNewOne)
            .with(chained),
            back("downgrade fails", "downgrade=fail", &["downgrade was told to fail"]),
            back(
                "downgrade panics",
                "downgrade=panic",
                &["the serving version's downgrade  it panicked: downgrade was told to panic"],
            ),
            Row::bad("migration fails", chain("fail"), migrating, &["migrate was told to fail"]),
            Row::bad(
                "migration panics",
                chain("panic"),
                migrating,
                &["it panicked: migrate was told to panic at "],
            ),
            Row::bad(
                "migration hangs",
                chain("hang"),
                migrating,
                &["migration  it did not come back within ", "its thread is abandoned"],
            ),
            Row::bad(
                "state that cannot be carried by name",
                named("drift-hard"),
                migrating,
                &["Count.value cannot be carried from u64 to String"],
            )
            .with(by_name),
            Row::new(
                "state that its encoding changes",
                beyond_its_encoding,
                migrating,
                &["Count version 1 comes back from its encoding as another value"],
            )
            .then(After::NextRunAfresh)
            .with(Setting::of("opaque", unhurried)),
            Row::bad(
                "opaque part under another name",
                || counting(NOTES).told("label=new"),
                "live",
                &["state kept"],
            )
            .then(After::TheNewOne),
            Row::bad(
                "opaque part that would lose a field",
                || counting(&NOTES.replace("at: u64, ", "")),
                migrating,
                &["Count version 1 comes back from its encoding as another value"],
            ),
            Row::new(
                "field renamed, and renamed back",
                |place| {
                    let renamed = counting(&NOTES.replace("owner", "holder"));
                    place.put(&renamed).then(place.put(&place.build("")))
                },
                "live, then live",
                &["dropped Count.owner", "dropped Count.holder"],
            )
            .then(After::TheNewOne)
            .with(by_name),
            Row::new(
                "versioned edit undone, with no way back",
                |place| {
                    let newer = fixture("chain").told("label=newer;downgrade=fail");
                    place.put(&newer).then(place.put(&place.build("")))
                },
                "live, then live",
                &["newer state lost (", "the last state of version 1 goes on, as it was "],
            )
            .then(After::TheNewOne)
            .with(by_name),
            Row::bad(
                "state dropped where the host allows it",
                named("renamed"),
                "live",
                &["state dropped (state  serving: Count   artifact: Tally)"],
            )
            .then(After::Afresh)
            .with(Setting::counter(|_| patient().with_state_drift(StateDrift::StartAfresh))),
        ],
    }
}

/// The state of `counter`, with notes of another crate, as far as hotswap knows.
const NOTES: &str = "
#[derive(Serialize, Deserialize, Clone, Debug)]
pub struct NoteV1 { at: u64, text: String }
#[derive(HotState, Serialize, Deserialize, Clone, Debug)]
#[hot_state(version = 1)]
pub struct Count { value: u64, owner: String, #[shape(opaque)] notes: Vec<NoteV1> }
impl Counts for Count {
    fn fresh() -> Self { Self { value: 0, owner: String::new(), notes: Vec::new() } }
    fn value(&self) -> u64 { self.value }
    fn add(&mut self, n: u64) { self.value += n; }
}";

/// What hangs in a pause never ends by itself; the rest has its time on a busy machine.
const PAUSE: Duration = Duration::from_secs(2);

/// No build of that module can have the state any more: the count is on the old instance only.
fn beyond_its_encoding(place: &mut Place) -> Happened {
    let slot = place.slot();
    slot.pin_mut().add(200).expect("it serves");
    let build: Fixture = fixture("opaque").told("label=new");
    let happened = place.put(&build);
    assert_eq!((slot.pin().value().ok(), slot.generation()), (Some(201), 1));
    place.host.take().expect("it lives").shutdown().expect("it ends");
    happened
}
