//! From a datagram to messages. Bundles are taken apart here, without recursion; a message is
//! decoded by `rosc` only when it cannot make it nest.

use rosc::{OscMessage, OscPacket};

/// Bundles inside bundles that are followed.
const DEPTH: usize = 8;
const BUNDLE: &[u8; 8] = b"#bundle\0";
/// The bundle's name and its time tag.
const BUNDLE_HEAD: usize = 16;

/// Calls `each` with every message of `datagram` in order, or with what is wrong in its place.
pub fn messages(datagram: &[u8], each: &mut dyn FnMut(Result<OscMessage, String>)) {
    // What is left of each open bundle; a plain message is the only element of none.
    let mut open: Vec<&[u8]> = Vec::new();
    let mut element = Some(datagram);
    loop {
        if let Some(bytes) = element.take() {
            if !bytes.starts_with(BUNDLE) {
                each(message(bytes));
            } else if bytes.len() < BUNDLE_HEAD {
                each(Err("a bundle without a time tag".into()));
            } else if open.len() == DEPTH {
                each(Err(format!("bundles nested deeper than {DEPTH}")));
            } else {
                open.push(&bytes[BUNDLE_HEAD..]);
            }
        }
        let Some(rest) = open.last_mut() else { return };
        if rest.is_empty() {
            open.pop();
            continue;
        }
        match split(rest) {
            Some((next, after)) => {
                *rest = after;
                element = Some(next);
            }
            None => {
                each(Err("a bundle element is longer than its bundle".into()));
                open.pop();
            }
        }
    }
}

/// The first element of a bundle's content, and what comes after it.
fn split(content: &[u8]) -> Option<(&[u8], &[u8])> {
    let (size, rest) = content.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*size)).ok()?)
}

fn message(bytes: &[u8]) -> Result<OscMessage, String> {
    // Arrays may nest as deep as a packet is long, and would be dropped by recursion.
    let tags = bytes.split(|b| *b == 0).find(|part| part.starts_with(b","));
    if tags.is_some_and(|tags| tags.contains(&b'[')) {
        return Err("array arguments are not understood".into());
    }
    match rosc::decoder::decode_udp(bytes) {
        Ok(([], OscPacket::Message(message))) => Ok(message),
        Ok((rest, _)) => Err(format!("{} bytes too many at the end of a message", rest.len())),
        Err(e) => Err(e.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rosc::encoder::encode;
    use rosc::{OscBundle, OscTime, OscType};

    fn plain(addr: &str) -> OscPacket {
        OscPacket::Message(OscMessage { addr: addr.into(), args: vec![OscType::Int(1)] })
    }

    fn bundle(content: Vec<OscPacket>) -> OscPacket {
        OscPacket::Bundle(OscBundle { timetag: OscTime { seconds: 0, fractional: 1 }, content })
    }

    fn taken(datagram: &[u8]) -> Vec<Result<String, String>> {
        let mut all = Vec::new();
        messages(datagram, &mut |m| all.push(m.map(|m| m.addr)));
        all
    }

    fn ok(addresses: &[&str]) -> Vec<Result<String, String>> {
        addresses.iter().map(|a| Ok((*a).into())).collect()
    }

    #[test]
    fn bundles_keep_their_order() {
        let nested = bundle(vec![plain("/b"), bundle(vec![plain("/c")]), plain("/d")]);
        let all = bundle(vec![plain("/a"), nested, bundle(vec![]), plain("/e")]);
        assert_eq!(taken(&encode(&all).unwrap()), ok(&["/a", "/b", "/c", "/d", "/e"]));
        assert_eq!(taken(&encode(&plain("/a")).unwrap()), ok(&["/a"]));
    }

    #[test]
    fn what_follows_a_bad_element_is_still_taken() {
        let mut datagram = encode(&bundle(vec![plain("/a"), plain("/b")])).unwrap();
        datagram[BUNDLE_HEAD + 4] = b'x';
        let all = taken(&datagram);
        assert!(all[0].is_err() && all[1] == Ok("/b".into()), "{all:?}");
    }

    #[test]
    fn nothing_nests_deep() {
        let mut deep = plain("/a");
        for _ in 0..DEPTH {
            deep = bundle(vec![deep]);
        }
        assert_eq!(taken(&encode(&deep).unwrap()), ok(&["/a"]));
        assert!(taken(&encode(&bundle(vec![deep])).unwrap())[0].is_err());
        let mut endless = Vec::new();
        for left in (0..3_000_u32).rev() {
            endless.extend(BUNDLE);
            endless.extend([0; 8]);
            endless.extend((left * 20).to_be_bytes());
        }
        assert!(taken(&endless)[0].is_err());
        let mut arrays = b"/a\0\0,".to_vec();
        arrays.extend([b'['; 60_000]);
        arrays.extend([0; 3]);
        assert!(taken(&arrays)[0].is_err());
    }

    #[test]
    fn every_truncation_and_every_flip_is_taken_or_refused() {
        let args = vec![OscType::String("osc1".into()), OscType::Float(1.0), OscType::Long(3)];
        let message = OscPacket::Message(OscMessage { addr: "/patch/set".into(), args });
        let good = encode(&bundle(vec![message, plain("/b")])).unwrap();
        for end in 0..good.len() {
            taken(&good[..end]);
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[end] ^= 1 << bit;
                taken(&bad);
            }
        }
        assert!(taken(&[])[0].is_err());
        assert!(taken(&good[..good.len() - 4]).iter().any(Result::is_err));
    }
}
