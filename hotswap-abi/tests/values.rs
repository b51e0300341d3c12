//! Values of std's types as bytes: the form is what two builds of different times agree on, so it is
//! written out here. What is no value is an error.

use std::{
    cmp::Ordering,
    collections::{BinaryHeap, LinkedList},
    ffi::OsString,
    fmt::Debug,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6},
    num::NonZero,
    ops::{Range, RangeInclusive},
    sync::Arc,
};

use hotswap_abi::{
    __private::portable::{Buffer, Reader},
    Plain, Portable,
};

fn bytes(value: &impl Portable) -> Vec<u8> {
    let mut buffer = Buffer::new();
    value.encode(&mut buffer.writer());
    buffer.into_vec()
}

#[track_caller]
fn check<T: Portable + PartialEq + Debug>(value: &T, wanted: &[u8]) {
    assert_eq!(bytes(value), wanted, "{value:?}");
    assert_eq!(&Reader::whole::<T>(wanted).unwrap(), value);
    for len in 0..wanted.len() {
        assert!(Reader::whole::<T>(&wanted[..len]).is_err(), "{len} bytes of {value:?}");
    }
}

#[track_caller]
fn refused<T: Portable + Debug>(bytes: &[u8], wanted: &str) {
    let error = Reader::whole::<T>(bytes).unwrap_err().to_string();
    assert!(error.starts_with(wanted), "{error}");
}

#[test]
fn numbers_that_are_not_zero() {
    check(&NonZero::new(0x0102_u16).unwrap(), &[2, 1]);
    check(&NonZero::new(-1_i64).unwrap(), &[0xff; 8]);
    check(&NonZero::new(1_u128).unwrap(), &[[1].as_slice(), &[0; 15]].concat());
    refused::<NonZero<u8>>(&[0], "expected a number that is not zero, found 0");
    refused::<Vec<NonZero<u16>>>(&[1, 0, 0, 0, 0, 0, 0, 0, 0, 0], "expected a number that is not");
}

#[test]
fn orderings() {
    for (ordering, byte) in [(Ordering::Less, 0xff), (Ordering::Equal, 0), (Ordering::Greater, 1)] {
        check(&ordering, &[byte]);
    }
    refused::<Ordering>(&[2], "expected an ordering, found 2");
}

#[test]
fn what_is_lent_in_place_is_laid_out_like_its_number() {
    const fn is_plain<T: Plain>() {}
    is_plain::<NonZero<u64>>();
    is_plain::<Ordering>();
    assert_eq!((size_of::<Ordering>(), Ordering::Less as i8), (1, -1));
    assert_eq!((size_of::<NonZero<u64>>(), align_of::<NonZero<u64>>()), (8, align_of::<u64>()));
}

#[test]
fn addresses() {
    let (v4, v6) = (Ipv4Addr::new(192, 0, 2, 7), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));
    let octets6 = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let socket6 = [&octets6, [0x50, 0].as_slice(), &[3, 0, 0, 0, 4, 0, 0, 0]].concat();
    check(&v4, &[192, 0, 2, 7]);
    check(&v6, &octets6);
    check(&IpAddr::from(v4), &[4, 192, 0, 2, 7]);
    check(&IpAddr::from(v6), &[[6].as_slice(), &octets6].concat());
    check(&SocketAddrV4::new(v4, 0x0102), &[192, 0, 2, 7, 2, 1]);
    check(&SocketAddrV6::new(v6, 80, 3, 4), &socket6);
    check(&SocketAddr::new(v4.into(), 80), &[4, 192, 0, 2, 7, 80, 0]);
    check(&SocketAddr::from(SocketAddrV6::new(v6, 80, 3, 4)), &[[6].as_slice(), &socket6].concat());
    refused::<IpAddr>(&[5, 1, 2, 3, 4], "expected an address of version 4 or 6, found 5");
    refused::<SocketAddr>(&[0; 7], "expected an address of version 4 or 6, found 0");
}

#[test]
fn ranges() {
    check(&Range { start: 3_u8, end: 1 }, &[3, 1]);
    check(
        &Range { start: "a".to_owned(), end: String::new() },
        b"\x01\0\0\0\0\0\0\0a\0\0\0\0\0\0\0\0",
    );
    check(&(1_u8..=3), &[1, 3, 0]);
    check(&RangeInclusive::new(3_u8, 1), &[3, 1, 0]);
    check(&(0.0_f32..=0.0), &[0; 9]);
    let mut ended = 'a'..='b';
    assert_eq!(ended.by_ref().count(), 2);
    check(&ended, &[b'b', 0, 0, 0, b'b', 0, 0, 0, 1]);
    let back: RangeInclusive<char> = Reader::whole(&bytes(&ended)).unwrap();
    assert_eq!(back.count(), 0);
    refused::<RangeInclusive<u8>>(&[1, 3, 1], "expected a range that has ended");
    refused::<RangeInclusive<f32>>(&[0, 0, 0, 0, 0, 0, 0, 0, 1], "expected a range that has ended");
    refused::<RangeInclusive<u8>>(&[1, 3, 2], "expected a bool");
}

#[test]
fn texts_and_collections() {
    let text = b"\x02\0\0\0\0\0\0\0hi";
    check::<Box<str>>(&"hi".into(), text);
    check::<Arc<str>>(&"hi".into(), text);
    check::<OsString>(&"hi".into(), text);
    refused::<Arc<str>>(b"\x01\0\0\0\0\0\0\0\xff", "expected a string");
    check::<Box<[u8]>>(&[7, 8].into(), &[2, 0, 0, 0, 0, 0, 0, 0, 7, 8]);
    check(&LinkedList::from([7_u8, 8]), &[2, 0, 0, 0, 0, 0, 0, 0, 7, 8]);
    refused::<Box<[u64]>>(&[0xff; 8], "expected a length");
    refused::<BinaryHeap<u64>>(&[0xff; 8], "expected a length");
    let twelve = (1_u8, 2_u8, 3_u8, 4_u8, 5_u8, 6_u8, 7_u8, 8_u8, 9_u8, 10_u8, 11_u8, 12_u8);
    check(&twelve, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
}

#[test]
fn a_heap_is_one_again_whatever_the_order_of_its_bytes() {
    let heap: BinaryHeap<u8> = Reader::whole(&[4, 0, 0, 0, 0, 0, 0, 0, 1, 9, 4, 7]).unwrap();
    assert_eq!(heap.clone().into_sorted_vec(), [1, 4, 7, 9]);
    assert_eq!(heap.peek(), Some(&9));
    let again: BinaryHeap<u8> = Reader::whole(&bytes(&heap)).unwrap();
    assert_eq!(again.into_sorted_vec(), [1, 4, 7, 9]);
}

#[cfg(unix)]
#[test]
fn a_text_of_the_system_need_not_be_unicode() {
    use std::os::unix::ffi::OsStringExt;
    check(&OsString::from_vec(vec![0xff, b'a']), b"\x02\0\0\0\0\0\0\0\xffa");
}
