//! What a plan reads: the types with their crates' names, and what was passed in words.

use hotswap_abi::{
    __private::{
        manifest::Schema,
        portable::argument_words,
        shape::{Kind, compare},
    },
    Interface, interface,
};

use crate::bytes;

#[interface]
pub trait Ours {
    fn id(&self, id: uuid::Uuid, of: &[uuid::Uuid]) -> bytes::Bytes;
    fn place(&self, place: glam::Vec3, of: &mut [glam::Mat4], a: glam::Vec3A);
    fn tags(
        &self,
        json: serde_json::Value,
    ) -> indexmap::IndexMap<String, smallvec::SmallVec<[u8; 4]>>;
    fn chrono(&self, at: chrono::DateTime<chrono::Utc>) -> chrono::DateTime<chrono::FixedOffset>;
    fn times(&self, a: time::Date, b: time::Time, c: jiff::civil::Date, d: jiff::Timestamp);
}

mod other {
    use super::interface;

    /// With what is written alike, and is another type.
    #[interface]
    pub trait Ours {
        fn id(&self, id: [u8; 16], of: &[[u8; 16]]) -> Vec<u8>;
        fn place(&self, place: [f32; 3], of: &mut [[f32; 16]], a: glam::Vec3);
        fn tags(&self, json: String) -> Vec<(String, smallvec::SmallVec<[u8; 8]>)>;
        fn chrono(&self, at: chrono::NaiveDateTime) -> chrono::DateTime<chrono::Utc>;
        fn times(&self, a: i32, b: jiff::civil::Time, c: time::Date, d: jiff::SignedDuration);
    }
}

fn schema(bytes: &[u8]) -> Schema {
    Schema::decode(bytes).unwrap()
}

#[test]
fn types_have_their_crates_names() {
    let schema = schema(<dyn Ours as Interface>::schema());
    let definition = schema.types.definition(&schema.interface).unwrap();
    let signatures: Vec<_> =
        definition.members.iter().map(|it| schema.types.signature(it).to_string()).collect();
    assert_eq!(
        signatures,
        [
            "id(&self, id: uuid::Uuid, of: &[uuid::Uuid]) -> bytes::Bytes",
            "place(&self, place: glam::Vec3, of: &mut [glam::Mat4], a: glam::Vec3A)",
            "tags(&self, json: serde_json::Value) -> \
             indexmap::IndexMap<String, smallvec::SmallVec<[u8; 4]>>",
            "chrono(&self, at: chrono::DateTime<chrono::Utc>) -> \
             chrono::DateTime<chrono::FixedOffset>",
            "times(&self, a: time::Date, b: time::Time, c: jiff::civil::Date, d: jiff::Timestamp)",
        ]
    );
    // What is lent in place is the numbers that it says.
    let mat4 = schema.types.definitions.iter().find(|it| it.name == "glam::Mat4").unwrap();
    assert_eq!((mat4.kind, mat4.path.as_str()), (Kind::Struct, "glam"));
    assert_eq!(mat4.layout, Some((64, align_of::<glam::Mat4>() as u64)));
    assert_eq!(schema.types.display(&mat4.members[0].parts[0]).to_string(), "[f32; 16]");
}

#[test]
fn types_that_are_written_alike_are_others() {
    let ours = schema(<dyn Ours as Interface>::schema());
    let theirs = schema(<dyn other::Ours as Interface>::schema());
    let differences =
        compare((&ours.types, &ours.interface), (&theirs.types, &theirs.interface), "Ours");
    let lines: Vec<_> = differences
        .iter()
        .map(|it| format!("{} {}", it.left.as_deref().unwrap(), it.right.as_deref().unwrap()))
        .collect();
    assert_eq!(
        lines,
        [
            "id: uuid::Uuid id: [u8; 16]",
            "of: &[uuid::Uuid] of: &[[u8; 16]]",
            "-> bytes::Bytes -> Vec<u8>",
            "place: glam::Vec3 place: [f32; 3]",
            "of: &mut [glam::Mat4] of: &mut [[f32; 16]]",
            "a: glam::Vec3A a: glam::Vec3",
            "json: serde_json::Value json: String",
            "-> indexmap::IndexMap<String, smallvec::SmallVec<[u8; 4]>> \
             -> Vec<(String, smallvec::SmallVec<[u8; 8]>)>",
            "at: chrono::DateTime<chrono::Utc> at: chrono::NaiveDateTime",
            "-> chrono::DateTime<chrono::FixedOffset> -> chrono::DateTime<chrono::Utc>",
            "a: time::Date a: i32",
            "b: time::Time b: jiff::civil::Time",
            "c: jiff::civil::Date c: time::Date",
            "d: jiff::Timestamp d: jiff::SignedDuration",
        ]
    );
}

#[interface]
pub trait Asked {
    #[expect(clippy::too_many_arguments, reason = "one of each")]
    fn ask(
        &self,
        id: uuid::Uuid,
        place: glam::Vec2,
        data: bytes::Bytes,
        few: smallvec::SmallVec<[u8; 4]>,
        map: indexmap::IndexMap<u8, std::num::NonZero<i8>>,
        at: std::net::SocketAddr,
        of: std::ops::RangeInclusive<u8>,
    );
}

#[test]
fn what_was_passed_is_told_in_words() {
    let schema = schema(<dyn Asked as Interface>::schema());
    let definition = schema.types.definition(&schema.interface).unwrap();
    let (_, arguments) = definition.members[0].parts.split_last().unwrap();
    let value = (
        uuid::Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff),
        glam::Vec2::new(1.0, 2.5),
        bytes::Bytes::from_static(b"abc"),
        smallvec::SmallVec::<[u8; 4]>::from_slice(&[1, 2]),
        indexmap::IndexMap::<u8, std::num::NonZero<i8>>::from_iter([(
            1,
            std::num::NonZero::new(-1).unwrap(),
        )]),
        std::net::SocketAddr::from(([192, 0, 2, 1], 80)),
        1_u8..=3,
    );
    assert_eq!(
        argument_words(&schema.types, arguments, &bytes(&value), 1000),
        "00112233-4455-6677-8899-aabbccddeeff, glam::Vec2([1.0, 2.5]), 3 bytes, [1, 2], {1: -1}, \
         192.0.2.1:80, 1..=3"
    );
}
