//! Ids, buffers, numbers, JSON, collections.

use bytes::{Bytes, BytesMut};
use glam::{
    Affine2, Affine3A, DMat4, DQuat, DVec3, IVec4, Mat2, Mat3, Mat3A, Mat4, Quat, UVec2, Vec2,
    Vec3, Vec3A, Vec4,
};
use hotswap_abi::{
    __private::{
        portable::Carrier,
        state::movable::{Description, Traps},
    },
    Movable, Plain, Portable,
};
use indexmap::{IndexMap, IndexSet};
use serde_json::{Value, json};
use smallvec::{SmallVec, smallvec};
use uuid::Uuid;

use crate::{check, joined, refused, returns};

const fn is_plain<T: Plain>() {}

#[test]
fn an_id_is_its_16_bytes() {
    let id = Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);
    let wanted = [
        0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
    ];
    check(&id, &wanted);
    is_plain::<Uuid>();
    assert_eq!(Description::of::<Uuid>().traps, Traps::None);
}

#[test]
fn buffers_are_their_length_and_bytes() {
    let wanted = b"\x03\0\0\0\0\0\0\0abc";
    check(&Bytes::from_static(b"abc"), wanted);
    check(&BytesMut::from(&b"abc"[..]), wanted);
    refused::<Bytes>(&[0xff; 8], "expected more bytes");
}

/// By value as it is, and its bytes are its numbers.
fn direct<T: Plain + Movable + Portable + PartialEq + std::fmt::Debug>(value: T, bytes: &[u8])
where
    T::Carrier: Carrier<T, Held = T>,
{
    check(&value, bytes);
    in_place(value, bytes);
}

/// Lent in place, its memory is its numbers.
fn in_place<T: Plain + Movable>(value: T, bytes: &[u8]) {
    let mut memory = vec![0_u8; size_of::<T>()];
    // SAFETY: so many bytes are there, of which none is a gap: glam's size is that of its numbers.
    unsafe {
        std::ptr::copy_nonoverlapping((&raw const value).cast(), memory.as_mut_ptr(), memory.len())
    };
    assert_eq!(memory, bytes);
    let described = Description::of::<T>();
    assert!(described.text.contains("all of it: #1\n#1 ["), "{}", described.text);
}

#[test]
fn vectors_and_matrices_are_their_numbers() {
    let f32s = |numbers: &[f32]| -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
    };
    let f64s = |numbers: &[f64]| -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
    };
    let up_to = |n: u8| (1..=n).map(f32::from).collect::<Vec<_>>();
    let all = up_to(16);
    direct(Vec2::new(1.0, 2.0), &f32s(&all[..2]));
    direct(Vec3::new(1.0, 2.0, 3.0), &f32s(&all[..3]));
    direct(DVec3::new(1.0, 2.0, 3.0), &f64s(&[1.0, 2.0, 3.0]));
    direct(DQuat::from_xyzw(1.0, 2.0, 3.0, 4.0), &f64s(&[1.0, 2.0, 3.0, 4.0]));
    direct(IVec4::new(-1, 2, 0, 1), &[255, 255, 255, 255, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
    direct(UVec2::new(1, 2), &[1, 0, 0, 0, 2, 0, 0, 0]);
    direct(Mat3::from_cols_array(&all[..9].try_into().unwrap()), &f32s(&all[..9]));
    let doubles: [f64; 16] = std::array::from_fn(|i| i as f64);
    direct(DMat4::from_cols_array(&doubles), &f64s(&doubles));

    // These may be registers.
    let four = f32s(&all[..4]);
    let vec4 = Vec4::new(1.0, 2.0, 3.0, 4.0);
    check(&vec4, &four);
    in_place(vec4, &four);
    let quat = Quat::from_xyzw(1.0, 2.0, 3.0, 4.0);
    check(&quat, &four);
    in_place(quat, &four);
    let mat2 = Mat2::from_cols_array(&all[..4].try_into().unwrap());
    check(&mat2, &four);
    in_place(mat2, &four);
    let mat4 = Mat4::from_cols_array(&all[..].try_into().unwrap());
    check(&mat4, &f32s(&all));
    in_place(mat4, &f32s(&all));

    // These have gaps, which do not cross.
    check(&Vec3A::new(1.0, 2.0, 3.0), &f32s(&all[..3]));
    check(&Mat3A::from_cols_array(&all[..9].try_into().unwrap()), &f32s(&all[..9]));
    check(&Affine2::from_cols_array(&all[..6].try_into().unwrap()), &f32s(&all[..6]));
    check(&Affine3A::from_cols_array(&all[..12].try_into().unwrap()), &f32s(&all[..12]));
    returns(&vec![Vec3::splat(f32::INFINITY); 3]);
}

#[test]
fn json_of_every_kind() {
    check(&Value::Null, &[0]);
    check(&json!(false), &[1]);
    check(&json!(true), &[2]);
    check(&json!(258), &[3, 2, 1, 0, 0, 0, 0, 0, 0]);
    check(&json!(u64::MAX), &[3, 255, 255, 255, 255, 255, 255, 255, 255]);
    check(&json!(-2), &[4, 254, 255, 255, 255, 255, 255, 255, 255]);
    check(&json!(1.0), &joined(&[&[5], &1.0_f64.to_le_bytes()]));
    check(&json!("hi"), b"\x07\x02\0\0\0\0\0\0\0hi");
    check(&json!([null, true]), &[8, 2, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    check(&json!({ "a": null }), b"\x09\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0a\0");
    // The last place of a float is kept, which its text would not be.
    for float in [0.1 + 0.2, f64::MIN_POSITIVE, f64::MAX, -0.0, 5e-324] {
        returns(&json!({ "deep": [{ "er": [float, [], {}, -1, i64::MIN] }], "text": "ß" }));
    }
}

#[test]
fn json_that_is_none_is_an_error() {
    refused::<Value>(&[10], "expected a value of JSON, found 10");
    refused::<Value>(&joined(&[&[5], &f64::NAN.to_le_bytes()]), "expected a number of JSON");
    refused::<Value>(&joined(&[&[6, 1, 0, 0, 0, 0, 0, 0, 0], b"x"]), "expected a number of JSON");
    assert_eq!(
        hotswap_abi::__private::portable::Reader::whole::<Value>(&joined(&[
            &[6, 3, 0, 0, 0, 0, 0, 0, 0],
            b"1e2"
        ]))
        .unwrap(),
        json!(100.0)
    );
    refused::<Value>(&joined(&[&[8], &[0xff; 8]]), "expected more bytes");
    let nested = |depth: usize| -> Vec<u8> {
        let list = [8, 1, 0, 0, 0, 0, 0, 0, 0];
        joined(&[&list.repeat(depth), &[0]])
    };
    let deepest: Value = hotswap_abi::__private::portable::Reader::whole(&nested(127)).unwrap();
    returns(&deepest);
    refused::<Value>(&nested(128), "expected values that are nested less deeply");
    refused::<Value>(&nested(100_000), "expected values that are nested less deeply");
}

#[test]
fn collections_keep_their_order() {
    let length = |len: u8| [len, 0, 0, 0, 0, 0, 0, 0];
    let map: IndexMap<u8, bool> = [(9, true), (1, false)].into_iter().collect();
    check(&map, &joined(&[&length(2), &[9, 1, 1, 0]]));
    let back: IndexMap<u8, bool> =
        hotswap_abi::__private::portable::Reader::whole(&crate::bytes(&map)).unwrap();
    assert_eq!(back.into_iter().collect::<Vec<_>>(), [(9, true), (1, false)]);
    let set: IndexSet<u8> = [9, 1].into_iter().collect();
    check(&set, &joined(&[&length(2), &[9, 1]]));
    let small: SmallVec<[u8; 2]> = smallvec![1, 2, 3];
    check(&small, &joined(&[&length(3), &[1, 2, 3]]));
    refused::<SmallVec<[u64; 2]>>(&[0xff; 8], "expected more bytes");
    refused::<IndexMap<u64, u64>>(&[0xff; 8], "expected more bytes");
}
