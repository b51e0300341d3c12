//! Types of other crates: as arguments and results, lent in place, and in a state that moves.

use foreign_api::{
    Foreign, Values,
    chrono::{self, DateTime},
    glam::{DMat3, Mat4, Quat, Vec3, Vec3A},
    jiff,
    serde_json::json,
    time,
    uuid::Uuid,
};
use hotswap_core::event::StateNote;
use hotswap_tests::{Fixture, Scene, edition};

use crate::support::elsewhere;

fn built(script: &str) -> Fixture {
    edition("foreign", &[]).told(script)
}

fn values() -> Values {
    let utc = DateTime::from_timestamp(1_700_000_000, 123_456_789).unwrap();
    let east = chrono::FixedOffset::east_opt(19_800).unwrap();
    (
        (
            b"abc"[..].to_vec().into(),
            b"de"[..].into(),
            json!({ "a": [1, -2, 0.1, null, { "b": "c" }] }),
        ),
        (
            [("z".to_owned(), Uuid::from_u128(1)), ("a".to_owned(), Uuid::max())].into(),
            [3, 1, 2].into(),
            ["x".to_owned(), "y".to_owned(), "z".to_owned()].into_iter().collect(),
        ),
        (utc, utc.with_timezone(&east), chrono::TimeDelta::MIN),
        (
            time::OffsetDateTime::UNIX_EPOCH,
            time::UtcDateTime::MAX,
            time::Duration::milliseconds(-1),
        ),
        (jiff::Timestamp::MIN, jiff::civil::DateTime::MAX, jiff::SignedDuration::MAX),
        (
            Quat::from_xyzw(0.1, 0.2, 0.3, 0.4),
            Mat4::from_cols_array(&std::array::from_fn(|i| i as f32)),
            Vec3A::new(1.0, -0.0, f32::INFINITY),
            DMat3::IDENTITY,
            vec![Vec3::X, Vec3::NEG_Y],
        ),
    )
}

#[test]
fn values_of_other_crates_come_back_as_they_went() {
    let scene = Scene::<dyn Foreign>::of(&built("label=a"));
    let foreign = scene.slot.pin();
    assert_eq!(foreign.values(values()).unwrap(), values());
    let half = Quat::from_rotation_z(std::f32::consts::PI);
    assert!(foreign.turn(Vec3::X, half).unwrap().abs_diff_eq(Vec3::NEG_X, 1e-6));
}

#[test]
fn what_has_a_layout_is_lent_in_place() {
    let scene = Scene::<dyn Foreign>::of(&built("label=a"));
    let foreign = scene.slot.pin();
    let mut places = [Vec3::ZERO, Vec3::ONE, Vec3::X];
    foreign.shift(&mut places, &Mat4::from_translation(Vec3::new(1.0, 2.0, 3.0))).unwrap();
    assert_eq!(places.map(|it| it.to_array()), [[1.0, 2.0, 3.0], [2.0, 3.0, 4.0], [2.0, 2.0, 3.0]]);
    let ids = [Uuid::nil(), Uuid::from_u128(7), Uuid::max()];
    assert_eq!(foreign.position(Uuid::from_u128(7), &ids).unwrap(), Some(1));
    assert_eq!(foreign.position(Uuid::from_u128(8), &ids).unwrap(), None);
}

#[test]
fn a_state_of_ids_and_vectors_goes_over_as_memory() {
    let scene = Scene::<dyn Foreign>::of(&built("label=a"));
    for n in 1..=50_u8 {
        let place = Vec3::splat(f32::from(n));
        let id = Uuid::from_u128(n.into());
        assert_eq!(elsewhere(|| scene.slot.pin_mut().keep(id, place)).unwrap(), u64::from(n));
    }
    let kept = elsewhere(|| scene.slot.pin().kept()).unwrap();
    let live = scene.upgrade(&built("label=b"));
    assert_eq!(live.state, StateNote::Moved);
    assert_eq!(elsewhere(|| scene.slot.pin().kept()).unwrap(), kept);
    assert_eq!(kept[49], (Uuid::from_u128(50), Vec3::splat(50.0)));
}

#[test]
fn fields_that_are_promised_to_move_go_over_with_the_others() {
    let scene = Scene::<dyn Foreign>::of(&built("label=a"));
    let keep = |n: u8| {
        let place = Vec3::splat(f32::from(n));
        elsewhere(|| scene.slot.pin_mut().keep(Uuid::from_u128(n.into()), place)).unwrap()
    };
    let notes = || elsewhere(|| scene.slot.pin().notes()).unwrap();
    // Nothing is promised yet but an empty map and nothing; then full ones, dropped by later builds.
    assert_eq!(keep(0), 1);
    for n in 1..=4 {
        let before = notes();
        let live = scene.upgrade(&built(&format!("label=b{n}")));
        assert_eq!(live.state, StateNote::Moved);
        assert_eq!(notes(), before);
        assert_eq!(keep(n), u64::from(n) + 1);
    }
    let (json, by_name) = notes();
    assert_eq!(json, json!({ "at": [4.0, 4.0, 4.0], "count": 5 }));
    let names: Vec<_> = by_name.keys().map(String::as_str).collect();
    assert_eq!(names, ["[1, 1, 1]", "[2, 2, 2]", "[3, 3, 3]", "[4, 4, 4]"]);
}
