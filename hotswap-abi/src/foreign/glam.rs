//! `glam`: the numbers, one after the other; those of a matrix column by column.
//!
//! What consists of numbers without gaps is plain data. Where processors have wide registers, some of
//! these types stand for one such register, and others for numbers, as glam is built; both have the
//! same numbers at the same places, and a size and an alignment that are part of the description. As
//! compilers pass the two in other ways, they are passed by value as bytes ([`Encoded`]). `Vec3A` and
//! what has one inside have a gap, which is part of the register and of nothing else.

use ::glam::{
    Affine2, Affine3A, DMat2, DMat3, DMat4, DQuat, DVec2, DVec3, DVec4, IVec2, IVec3, IVec4, Mat2,
    Mat3, Mat3A, Mat4, Quat, UVec2, UVec3, UVec4, Vec2, Vec3, Vec3A, Vec4,
};

use crate::{
    Movable, Plain, Portable,
    portable::{DecodeError, Direct, Encoded, Reader, Writer},
    shape::{Cell, Info, Kind, Member, Parts, Shaped, Stored, Wire, list},
    state::movable::Description,
};

macro_rules! portable {
    ($carrier:ident: $($ty:ident [$number:ident; $len:literal] $to:ident $from:expr;)*) => {$(
        impl Portable for $ty {
            type Carrier = $carrier;

            fn encode(&self, out: &mut Writer<'_>) {
                $number::encode_all(&self.$to(), out);
            }

            fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                let mut numbers = [$number::default(); $len];
                for number in &mut numbers {
                    *number = $number::decode(input)?;
                }
                Ok($from(numbers))
            }
        }

        // SAFETY: it is no description for calls.
        unsafe impl Shaped<Stored> for $ty {
            const INFO: Info = Info::scalar(concat!("glam::", stringify!($ty)));
            fn args() -> impl Parts<Stored> {}
            fn parts() -> impl Parts<Stored> {}
        }
    )*};
}

macro_rules! plain {
    ($carrier:ident: $($ty:ident [$number:ident; $len:literal] $to:ident $from:expr;)*) => {
        portable! { $carrier: $($ty [$number; $len] $to $from;)* }
        $(
            const _: () = assert!(size_of::<$ty>() == size_of::<[$number; $len]>());

            // SAFETY: the name is this type's, with its crate; it is the numbers that the description
            // has, with the size and the alignment that it has.
            unsafe impl Shaped<Wire> for $ty {
                const INFO: Info = Info {
                    kind: Kind::Struct,
                    name: concat!("glam::", stringify!($ty)),
                    path: "glam",
                    attrs: "",
                    args: 0,
                    members: &[Member { name: "0", attrs: "", labels: &[], parts: 1, offset: 0 }],
                    layout: Some((size_of::<Self>(), align_of::<Self>())),
                    build: "",
                };
                fn args() -> impl Parts<Wire> {}
                fn parts() -> impl Parts<Wire> {
                    list::<Cell<[$number; $len], ()>>()
                }
            }

            // SAFETY: it is so many numbers, without a gap (above), in an order that is glam's public
            // interface (`to_array`, `as_ref`); any bits are a value, and it holds no reference.
            unsafe impl Plain for $ty {}

            // SAFETY: as above.
            unsafe impl Movable for $ty {
                fn describe(description: &mut Description) {
                    description.part::<[$number; $len]>("all of it");
                }
                fn mend(&mut self) {}
            }
        )*
    };
}

macro_rules! with_gaps {
    ($($ty:ident [$number:ident; $len:literal] $to:ident $from:expr;)*) => {
        portable! { Encoded: $($ty [$number; $len] $to $from;)* }
        $(
            // SAFETY: the name is this type's, with its crate.
            unsafe impl Shaped<Wire> for $ty {
                const INFO: Info = Info::scalar(concat!("glam::", stringify!($ty)));
                fn args() -> impl Parts<Wire> {}
                fn parts() -> impl Parts<Wire> {}
            }
        )*
    };
}

plain! {
    Direct:
    Vec2 [f32; 2] to_array Self::from_array;
    Vec3 [f32; 3] to_array Self::from_array;
    DVec2 [f64; 2] to_array Self::from_array;
    DVec3 [f64; 3] to_array Self::from_array;
    DVec4 [f64; 4] to_array Self::from_array;
    IVec2 [i32; 2] to_array Self::from_array;
    IVec3 [i32; 3] to_array Self::from_array;
    IVec4 [i32; 4] to_array Self::from_array;
    UVec2 [u32; 2] to_array Self::from_array;
    UVec3 [u32; 3] to_array Self::from_array;
    UVec4 [u32; 4] to_array Self::from_array;
    DQuat [f64; 4] to_array Self::from_array;
    Mat3 [f32; 9] to_cols_array |it| Self::from_cols_array(&it);
    DMat2 [f64; 4] to_cols_array |it| Self::from_cols_array(&it);
    DMat3 [f64; 9] to_cols_array |it| Self::from_cols_array(&it);
    DMat4 [f64; 16] to_cols_array |it| Self::from_cols_array(&it);
}

plain! {
    Encoded:
    Vec4 [f32; 4] to_array Self::from_array;
    Quat [f32; 4] to_array Self::from_array;
    Mat2 [f32; 4] to_cols_array |it| Self::from_cols_array(&it);
    Mat4 [f32; 16] to_cols_array |it| Self::from_cols_array(&it);
}

with_gaps! {
    Vec3A [f32; 3] to_array Self::from_array;
    Mat3A [f32; 9] to_cols_array |it| Self::from_cols_array(&it);
    Affine2 [f32; 6] to_cols_array |it| Self::from_cols_array(&it);
    Affine3A [f32; 12] to_cols_array |it| Self::from_cols_array(&it);
}
