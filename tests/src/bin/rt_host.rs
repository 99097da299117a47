fn main() {
    let s = chronus_tests::host::Sanitizer::find().expect("linked");
    for i in 0..3 {
        let _r = s.realtime();
        let v = vec![i; 100];
        std::hint::black_box(&v);
    }
}
