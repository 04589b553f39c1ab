include!(concat!(env!("OUT_DIR"), "/dualq.skel.rs"));
