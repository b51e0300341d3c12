//! Addresses of the network: their octets in the order in which they are written down.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use super::{DecodeError, Encoded, Portable, Reader, Writer};

/// Types that are one after the other of these values, and made from them.
macro_rules! addresses {
    ($($ty:ident { $($method:ident: $part:ty),* } $from:path;)*) => {$(
        impl Portable for $ty {
            // Their layout is std's own business.
            type Carrier = Encoded;

            fn encode(&self, out: &mut Writer<'_>) {
                $(<$part>::encode(&self.$method().to_owned(), out);)*
            }

            fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Ok($from($(<$part>::decode(input)?),*))
            }
        }
    )*};
}

addresses! {
    Ipv4Addr { octets: [u8; 4] } Self::from;
    Ipv6Addr { octets: [u8; 16] } Self::from;
    SocketAddrV4 { ip: Ipv4Addr, port: u16 } Self::new;
    SocketAddrV6 { ip: Ipv6Addr, port: u16, flowinfo: u32, scope_id: u32 } Self::new;
}

/// Enums of an address of version 4 and one of version 6: that number, and the address.
macro_rules! versions {
    ($($ty:ident)*) => {$(
        impl Portable for $ty {
            type Carrier = Encoded;

            fn encode(&self, out: &mut Writer<'_>) {
                match self {
                    Self::V4(address) => {
                        out.bytes(&[4]);
                        address.encode(out);
                    }
                    Self::V6(address) => {
                        out.bytes(&[6]);
                        address.encode(out);
                    }
                }
            }

            fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                match input.array()? {
                    [4] => Portable::decode(input).map(Self::V4),
                    [6] => Portable::decode(input).map(Self::V6),
                    [other] => Err(input.error("an address of version 4 or 6", other)),
                }
            }
        }
    )*};
}

versions! { IpAddr SocketAddr }
