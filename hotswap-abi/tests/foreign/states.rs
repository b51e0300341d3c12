//! Types of other crates in a state: no field is opaque, and each comes back from the codec.

use hotswap_abi::{HotState, Movable, Shape};
use serde::{Deserialize, Serialize};

#[derive(HotState, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[hot_state(version = 1)]
struct World {
    id: uuid::Uuid,
    data: bytes::Bytes,
    more: bytes::BytesMut,
    places: Vec<glam::Vec3>,
    turn: (glam::Quat, glam::Mat4, glam::Vec3A, glam::DVec2, glam::IVec3),
    json: serde_json::Value,
    tags: indexmap::IndexMap<String, Note>,
    seen: indexmap::IndexSet<u8>,
    few: smallvec::SmallVec<[u16; 2]>,
    chrono: (
        chrono::DateTime<chrono::Utc>,
        chrono::DateTime<chrono::FixedOffset>,
        chrono::NaiveDate,
        chrono::NaiveTime,
        chrono::TimeDelta,
    ),
    time: (time::OffsetDateTime, time::Date, time::Duration, time::PrimitiveDateTime),
    jiff: (jiff::Timestamp, jiff::civil::DateTime, jiff::SignedDuration),
    std: (std::ops::Range<u8>, std::ops::RangeInclusive<i64>, std::ffi::OsString, std::net::IpAddr),
}

#[derive(Shape, Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Note(Option<uuid::Uuid>);

fn world() -> World {
    let now = chrono::DateTime::from_timestamp(1_700_000_000, 123_456_789).unwrap();
    World {
        id: uuid::Uuid::from_u128(7),
        data: bytes::Bytes::from_static(&[0, 255]),
        more: bytes::BytesMut::from(&[1_u8][..]),
        places: vec![glam::Vec3::new(1.0, 2.0, 3.0)],
        turn: (
            glam::Quat::from_xyzw(1.0, 2.0, 3.0, 4.0),
            glam::Mat4::IDENTITY,
            glam::Vec3A::ONE,
            glam::DVec2::X,
            glam::IVec3::NEG_ONE,
        ),
        json: serde_json::json!({ "a": [1, -1, 0.1, null, "x", { "b": u64::MAX }] }),
        tags: [("z".to_owned(), Note(None)), ("a".to_owned(), Note(Some(uuid::Uuid::max())))]
            .into(),
        seen: [3, 1, 2].into(),
        few: smallvec::smallvec![1, 2, 3],
        chrono: (now, now.fixed_offset(), now.date_naive(), now.time(), chrono::TimeDelta::MAX),
        time: (
            time::OffsetDateTime::UNIX_EPOCH,
            time::Date::MAX,
            time::Duration::MIN,
            time::PrimitiveDateTime::MIN,
        ),
        jiff: (jiff::Timestamp::MAX, jiff::civil::DateTime::MIN, jiff::SignedDuration::new(-1, -1)),
        std: (1..2, -1..=1, "os".into(), [192, 0, 2, 1].into()),
    }
}

#[test]
fn a_state_of_them_comes_back_as_it_was() {
    use hotswap_abi::__private::{portable::Buffer, state::encode};
    let mut buffer = Buffer::new();
    encode(&world(), &mut buffer.writer()).unwrap();
    assert_eq!(World::restore(1, buffer.bytes()).unwrap(), world());
    assert!(World::keeps(1, buffer.bytes()).unwrap());
}

/// What has a layout that its crate promises can be handed over as memory.
#[derive(Shape, Movable, Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Moves {
    ids: Vec<uuid::Uuid>,
    place: (glam::Vec2, glam::Vec3, glam::Vec4, glam::Quat),
    views: Vec<glam::Mat4>,
}

#[test]
fn what_moves_is_described_by_its_numbers() {
    use hotswap_abi::__private::state::movable::Description;
    let text = Description::of::<Moves>().text;
    for part in ["uuid::Uuid of 16 bytes, aligned to 1", "Mat4 of 64 bytes, aligned to "] {
        assert!(text.contains(part), "{text}");
    }
}
