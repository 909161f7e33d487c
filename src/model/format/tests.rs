use super::*;

fn detect(name: &str, head: &[u8]) -> ModelFormat {
    ModelFormat::detect(&ModelPath::new(name).unwrap(), head)
}

/// The head of a long file that begins so; what follows is random enough.
fn long(begin: &[u8]) -> Vec<u8> {
    let filler = (0..ModelFormat::HEAD_BYTES).map(|at| u8::try_from(at * 7 % 251).unwrap());
    begin.iter().copied().chain(filler).take(ModelFormat::HEAD_BYTES).collect()
}

/// A name and its content.
type Member<'a> = (&'a str, &'a [u8]);

/// A ZIP archive's first members, stored; sizes are in the headers, or behind the content as PyTorch writes them.
fn archive(members: &[Member<'_>], sizes_follow: bool) -> Vec<u8> {
    let mut head = Vec::new();
    for (name, content) in members {
        let size = if sizes_follow { 0 } else { u32::try_from(content.len()).unwrap() };
        head.extend(b"PK\x03\x04\x14\0");
        head.extend(if sizes_follow { [0x08, 0x08] } else { [0, 0] });
        head.extend([0; 10]);
        head.extend(size.to_le_bytes());
        head.extend(size.to_le_bytes());
        head.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        head.extend([0; 2]);
        head.extend(name.as_bytes());
        head.extend(*content);
    }
    head
}

fn safetensors(json: &str) -> Vec<u8> {
    let length = u64::try_from(json.len()).unwrap();
    [&length.to_le_bytes(), json.as_bytes()].concat()
}

#[test]
fn magic_numbers_tell_whatever_the_name() {
    let hdf5_behind_a_block = [vec![b'#'; 512], HDF5.to_vec()].concat();
    let cases: [(&[u8], ModelFormat); 15] = [
        (b"GGUF\x03\0\0\0\x23\x01\0\0\0\0\0\0", ModelFormat::Gguf),
        (b"lmgg\x00\x7d\0\0", ModelFormat::Ggml),
        (b"fmgg\x01\0\0\0", ModelFormat::Ggml),
        (b"tjgg\x03\0\0\0", ModelFormat::Ggml),
        (b"algg\x01\0\0\0", ModelFormat::Ggml),
        (b"\x1c\0\0\0TFL3\x14\0\x20\0", ModelFormat::TfLite),
        (b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0", ModelFormat::Hdf5),
        (&hdf5_behind_a_block, ModelFormat::Hdf5),
        (
            b"\x93NUMPY\x01\0\x46\0{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }          \n\0\0",
            ModelFormat::Npy,
        ),
        (b"\x93NUMPY\x01\0v\0{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n\x80\x03", ModelFormat::Pickle),
        (b"\x80\x04\x95\x06\0\0\0\0\0\0\0\x8c\x02hi\x94.", ModelFormat::Pickle),
        (b"\x80\x02}q\0.", ModelFormat::Pickle),
        (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02", ModelFormat::PyTorch),
        (b"\x80\x04\x95\x0d\0\0\0\0\0\0\0\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x04", ModelFormat::PyTorch),
        (b"\x08\x07\x12\x07pytorch\x1a\x05", ModelFormat::Onnx),
    ];
    for (head, format) in cases {
        for name in ["weights", "model.safetensors", "pytorch_model.bin", "m.pt", "config.json", "x.onnx"] {
            assert_eq!(detect(name, head), format, "{name} {head:?}");
            assert_eq!(detect(name, &long(head)), format, "{name} {head:?}, long");
        }
    }
}

#[test]
fn archives_go_by_their_first_members() {
    let cases: [(&str, &[Member<'_>], ModelFormat); 9] = [
        ("m", &[("archive/data.pkl", b"\x80\x02}."), ("archive/version", b"3\n")], ModelFormat::PyTorch),
        ("m.safetensors", &[("readme", b"x"), ("m/constants.pkl", b"\x80\x02).")], ModelFormat::PyTorch),
        ("m.npz", &[("a.npy", b"\x93NUMPY"), ("data.pkl", b".")], ModelFormat::PyTorch),
        ("m.pth", &[("code/a.py", b"")], ModelFormat::PyTorch),
        ("m.pkl", &[("a", b"")], ModelFormat::PyTorch),
        ("m", &[("metadata.json", b"{}"), ("config.json", b"{}")], ModelFormat::Keras),
        ("m.keras", &[("config.json", b"{}")], ModelFormat::Keras),
        ("m", &[("arr_0.npy", b"\x93NUMPY")], ModelFormat::Npz),
        ("m.zip", &[("a.txt", b"a")], ModelFormat::Other),
    ];
    for (name, members, format) in cases {
        for sizes_follow in [false, true] {
            assert_eq!(detect(name, &archive(members, sizes_follow)), format, "{name} {members:?}");
        }
    }
    let cut = &archive(&[("archive/data.pkl", b"")], false)[..29];
    assert_eq!(detect("m", cut), ModelFormat::Other);
    assert_eq!(detect("m.keras", b"#!/bin/sh\n"), ModelFormat::Keras, "an archive may begin late");
}

#[test]
fn old_pickles_are_told_by_what_they_do_or_by_name() {
    // As Python writes `(print, ("x",))` and `{"a": [1, 2.5, None]}` with protocols 0 and 1.
    let calls: [&[u8]; 5] = [
        b"c__builtin__\nprint\np0\n(Vx\np1\ntp2\nRp3\n.",
        b"c__builtin__\nprint\nq\0(X\x01\0\0\0xq\x01tq\x02Rq\x03.",
        // What is behind the call does not matter any more.
        b"cos\nsystem\n(S'id'\ntR\xff\xff\xff",
        b"(S'id'\nios\nsystem\n.",
        b"(cos\nsystem\nS'id'\no.",
    ];
    for head in calls {
        for name in ["weights", "m.safetensors", "m.bin", "m.pkl", "notes.txt"] {
            assert_eq!(detect(name, head), ModelFormat::Pickle, "{name} {head:?}");
        }
    }
    let data: [&[u8]; 2] =
        [b"(dp0\nVa\np1\n(lp2\nI1\naF2.5\naNas.", b"}q\0X\x01\0\0\0aq\x01]q\x02(K\x01G@\x04\0\0\0\0\0\0Nes."];
    for head in data {
        for (name, format) in [
            ("m.pkl", ModelFormat::Pickle),
            ("a/M.PICKLE", ModelFormat::Pickle),
            ("m.joblib", ModelFormat::Pickle),
            ("m.bin", ModelFormat::Pickle),
            ("m.ckpt", ModelFormat::Pickle),
            ("m", ModelFormat::Other),
        ] {
            assert_eq!(detect(name, head), format, "{name} {head:?}");
        }
    }
    assert_eq!(detect("m.pkl", &long(b"(lp0\nB\xff\xff\xff\0")), ModelFormat::Pickle, "goes on behind the head");
    assert_eq!(detect("m.pkl", b"(lp0\nB\xff\xff\xff\0"), ModelFormat::Other, "ends too early for any pickle");
    let compressed: [&[u8]; 6] =
        [b"\x78\x9c\x01", b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\0", b"\x5d\0\0\x80", b"\x04\"M\x18"];
    for compressed in compressed {
        assert_eq!(detect("m.joblib", compressed), ModelFormat::Pickle);
        assert_eq!(detect("m.pkl.gz", compressed), ModelFormat::Pickle);
        let is_magic = compressed.starts_with(b"\xfd") || compressed.starts_with(b"\x04");
        let unseen = if is_magic { ModelFormat::Compressed } else { ModelFormat::Other };
        assert_eq!(detect("m.gz", compressed), unseen, "{compressed:?}");
    }
}

#[test]
fn texts_and_numbers_are_no_pickles() {
    let texts = [
        "I am\nI was\nRead\n",
        "Very\nVague\nRest",
        "version https://git-lfs.github.com/spec/v1\n",
        "# bert\n",
        "{\"a\": 1}",
        "",
        "S",
        "License: MIT\n",
    ];
    for text in texts {
        for name in ["README", "labels.txt", "m.bin"] {
            assert_eq!(detect(name, text.as_bytes()), ModelFormat::Other, "{name} {text:?}");
        }
    }
    let labels = b"cat\ndog\nbird\n";
    assert_eq!(detect("labels.txt", labels), ModelFormat::Other);
    assert_eq!(detect("m.bin", labels), ModelFormat::Pickle, "who unpickles it imports `dog` of `at`");
    let raw: [&[u8]; 3] = [b"\x80\x03\xa1\xc1", b"N.\xff", b"\x82\xad)R\xe0"];
    for raw in raw {
        assert_eq!(detect("m.bin", &long(raw)), ModelFormat::Other, "raw weights begin so: {raw:?}");
    }
    assert_eq!(detect("m", &long(b"\x80\x02\x82\x01)R")), ModelFormat::Pickle, "calls what is registered");
    assert_eq!(detect("m.pkl", b""), ModelFormat::Other);
    assert_eq!(detect("m.bin", &long(&[0x3f, 0x80, 0, 0])), ModelFormat::Other);
}

#[test]
fn safetensors_need_a_header_and_must_not_be_pickles_too() {
    let plain = safetensors(r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}  "#);
    for name in ["m.safetensors", "m.bin", "m"] {
        assert_eq!(detect(name, &plain), ModelFormat::Safetensors);
    }
    // A header of 640 bytes begins as a pickle of protocol 2 does.
    let of_640 = safetensors(&format!("{:640}", r#"{"w":{}}"#));
    assert_eq!(&of_640[..2], b"\x80\x02");
    assert_eq!(detect("m.safetensors", &of_640), ModelFormat::Safetensors);
    // One of 1368 as a string of five bytes does, behind which another loader finds a call.
    let both = b"X\x05\0\0\0\0\0\0{\"0cos\nsystem\n(S'id'\ntR.";
    assert!(is_safetensors(both));
    assert_eq!(detect("m.safetensors", both), ModelFormat::Pickle);

    for (length, begin) in [(1, "{}"), (100_000_001, "{\""), (100, "[\""), (100, "{w")] {
        let head = [&u64::to_le_bytes(length), begin.as_bytes()].concat();
        assert_eq!(detect("m.safetensors", &head), ModelFormat::Other, "{length} {begin}");
    }
    assert_eq!(detect("m.safetensors", &long(b"\x00")), ModelFormat::Other);
}

#[test]
fn a_pickle_that_goes_on_comes_before_what_else_it_may_be() {
    let mut block = [&b"V"[..], &[b'a'; 511], HDF5].concat();
    assert_eq!(detect("m.h5", &long(&block)), ModelFormat::Hdf5, "the line ends, and what follows is no opcode");
    block.splice(..5, *b"T\xff\xff\0\0");
    assert_eq!(detect("m.h5", &long(&block)), ModelFormat::Pickle);
    assert_eq!(detect("m.keras", &vec![b'V'; ModelFormat::HEAD_BYTES]), ModelFormat::Pickle);
}

#[test]
fn raw_weights_that_begin_with_a_protocol_are_no_pickles() {
    let begins: [&[u8]; 4] =
        [b"\x80\x04B\x01\xd1B\x10", b"\x80\x01T\x1d=\xeb0", b"\x80\x02\x8b?<O<", b"\x80\x03\x8d\xbc\x7b\xc8\xd4"];
    for begin in begins {
        for name in ["w.bin", "w.dat"] {
            assert_eq!(detect(name, &long(begin)), ModelFormat::Other, "{name} {begin:?}");
        }
        assert_eq!(detect("w.pkl", &long(begin)), ModelFormat::Pickle, "by its name: {begin:?}");
    }
}

#[test]
fn formats_without_magic_need_name_and_content() {
    let cases: [(&str, &[u8], ModelFormat); 8] = [
        ("m.onnx", b"\x08\x08:\xff\x01", ModelFormat::Onnx),
        ("m.onnx", b"version https://git-lfs.github.com/spec/v1\n", ModelFormat::Other),
        ("m", b"\x08\x08:\xff\x01", ModelFormat::Other),
        ("a/saved_model.pb", b"\x08\x01\x12\xc9\x8c\x01", ModelFormat::SavedModel),
        ("a/saved_model.pb", b"text", ModelFormat::Other),
        ("frozen.pb", b"\x08\x01\x12\xc9\x8c\x01", ModelFormat::Other),
        ("flax_model.msgpack", b"\x81\xa6params\x82", ModelFormat::MessagePack),
        ("flax_model.msgpack", b"\xde\0\x10\xa6", ModelFormat::MessagePack),
    ];
    for (name, head, format) in cases {
        assert_eq!(detect(name, head), format, "{name} {head:?}");
    }
    assert_eq!(detect("m.msgpack", b"\x80\x02}."), ModelFormat::Pickle, "an empty map is no model");
}

#[test]
fn what_is_packed_unseen_is_told_by_its_whole_magic_number() {
    let lzma =
        |dictionary: u32, size: u64| [&[0x5d][..], &dictionary.to_le_bytes(), &size.to_le_bytes(), &[0, 1, 2]].concat();
    let packed: [&[u8]; 11] = [
        b"BZh91AY&SY\0\0",
        b"BZh1\x17\x72\x45\x38\x50\x90\0",
        b"\xfd7zXZ\0\0\x04",
        b"\x28\xb5\x2f\xfd\x04",
        b"\x53\x2a\x4d\x18\x01\0\0\0x",
        b"\x04\x22\x4d\x18\x40",
        b"7z\xbc\xaf\x27\x1c\0\x04",
        b"Rar!\x1a\x07\x01\0",
        &lzma(1 << 23, u64::MAX),
        &lzma(3 << 22, 1000),
        &lzma(u32::MAX, 1000),
    ];
    for head in packed {
        assert_eq!(detect("m.safetensors", head), ModelFormat::Compressed, "{head:?}");
    }
    let others: [&[u8]; 5] =
        [b"BZh9 is a text", b"7z", &lzma((1 << 23) + 1, 1000), &lzma(0, 1000), &lzma(1 << 23, 1 << 38)];
    for head in others {
        assert_eq!(detect("m", head), ModelFormat::Other, "{head:?}");
    }
}

#[test]
fn an_array_names_its_elements_in_the_whole_of_its_header() {
    let npy = |header: &str, version: u8| {
        let length = u32::try_from(header.len()).unwrap().to_le_bytes();
        let length = if version == 1 { &length[..2] } else { &length[..] };
        [&b"\x93NUMPY"[..], &[version, 0], length, header.as_bytes(), &[0; 8]].concat()
    };
    let late = format!("{:5000}{{'descr': '|O'}}\n", "");
    for (header, format) in [
        ("{'descr': '<f4'}\n", ModelFormat::Npy),
        ("{'descr':\n'|O'}\n", ModelFormat::Pickle),
        ("{'descr': '|\\x4f'}\n", ModelFormat::Pickle),
        (&late, ModelFormat::Pickle),
    ] {
        for version in 1..=3 {
            let head = npy(header, version);
            let head = &head[..head.len().min(ModelFormat::HEAD_BYTES)];
            assert_eq!(detect("a.npy", head), format, "{header:?} {version}");
        }
    }
}

#[test]
fn names_lead_there_and_back() {
    for format in ModelFormat::ALL {
        assert_eq!(format.to_string().parse(), Ok(format));
        assert!(format.is_a(format));
    }
    assert_eq!("saved-model".parse(), Ok(ModelFormat::SavedModel));
    let unknown = "Pickle".parse::<ModelFormat>().unwrap_err();
    assert!(unknown.to_string().starts_with("unknown format \"Pickle\", known are safetensors, gguf, "));
    assert!(ModelFormat::PyTorch.is_a(ModelFormat::Pickle));
    assert!(!ModelFormat::Pickle.is_a(ModelFormat::PyTorch));
    let running: Vec<ModelFormat> = ModelFormat::ALL.into_iter().filter(|format| format.executes_code()).collect();
    let expected = ["pickle", "pytorch", "keras", "hdf5", "saved-model"];
    assert_eq!(running.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
}
