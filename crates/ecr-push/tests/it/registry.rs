//! The in-memory registry refuses what ECR refuses, in ECR's words.

use bytes::Bytes;
use ecr_push::{
    Digest, ImageRef, MediaType, RepositoryName,
    client::{
        BatchCheckLayers, CompleteUpload, CreateRepository, DescribeRepository, ImageStore, InitiateUpload,
        MemoryRegistry, PartAnswer, PutImage, Repositories, TagMutability, UploadPart,
    },
};

use crate::context::{HOST, MIB, image, noise, push, registry, target};

fn shop() -> RepositoryName {
    "shop".parse().unwrap()
}

async fn upload(registry: &MemoryRegistry, parts: &[&[u8]], digest: Digest) -> Result<Digest, String> {
    let upload = registry.initiate_upload(&InitiateUpload::new(shop())).await.unwrap();
    let mut first_byte = 0;
    for part in parts {
        let request = UploadPart::new(shop(), upload.id.clone(), first_byte, Bytes::copy_from_slice(part));
        registry.upload_part(&request).await.map_err(|error| error.to_string())?;
        first_byte += part.len() as u64;
    }
    let request = CompleteUpload::new(shop(), upload.id, digest);
    registry.complete_upload(&request).await.map_err(|error| error.to_string())
}

#[tokio::test]
async fn uploads() {
    let registry = registry(TagMutability::Mutable);
    let bytes = noise(1, 12 * MIB);
    let (five, small) = (5 * MIB as usize, MIB as usize);
    let digest = Digest::of(&bytes);
    for (parts, named, expected) in [
        (vec![], digest, "EmptyUploadException"),
        (vec![&bytes[..]], Digest::of(b"x"), "InvalidLayerException"),
        (vec![&bytes[..small], &bytes[small..]], digest, "LayerPartTooSmallException"),
    ] {
        let error = upload(&registry, &parts, named).await.unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    let too_large = noise(2, 20 * MIB + 1);
    let error = upload(&registry, &[&too_large], digest).await.unwrap_err();
    assert!(error.contains("InvalidParameterException"), "{error}");
    let parts = [&bytes[..five], &bytes[five..2 * five], &bytes[2 * five..]];
    assert_eq!(upload(&registry, &parts, digest).await, Ok(digest));
    let error = upload(&registry, &parts, digest).await.unwrap_err();
    assert!(error.contains("LayerAlreadyExistsException"), "{error}");
}

#[tokio::test]
async fn positions() {
    let registry = registry(TagMutability::Mutable);
    let upload = registry.initiate_upload(&InitiateUpload::new(shop())).await.unwrap();
    let part = |id: &str, first_byte| UploadPart::new(shop(), id.to_owned(), first_byte, Bytes::from_static(b"abc"));
    for (first_byte, received, expected) in
        [(1, false, None), (0, true, Some(2)), (0, false, Some(2)), (3, true, Some(5))]
    {
        match registry.upload_part(&part(&upload.id, first_byte)).await.unwrap() {
            PartAnswer::Received { last_byte } => assert_eq!((received, Some(last_byte)), (true, expected)),
            PartAnswer::Resume { last_valid_byte, .. } => assert_eq!((received, last_valid_byte), (false, expected)),
            other => panic!("{other:?}"),
        }
    }
    let error = registry.upload_part(&part("other", 0)).await.unwrap_err();
    assert_eq!(error.code(), Some("UploadNotFoundException"));
}

#[tokio::test]
async fn manifests() {
    let registry = registry(TagMutability::Immutable);
    let image = image(1, &[10]);
    let manifest = image.manifest();
    let put = |digest, media_type: &MediaType, bytes: &Bytes| {
        PutImage::new(shop(), bytes.clone(), media_type.clone(), digest, Some("1.0".parse().unwrap()))
    };
    let known = put(image.digest(), manifest.media_type(), manifest.bytes());
    let error = registry.put_image(&known).await.unwrap_err();
    let (config, layer) = (image.config_blob().unwrap().digest(), image.layers()[0].digest());
    assert_eq!(
        error.to_string(),
        format!(
            "PutImage failed: LayersNotFoundException: Layers with digests '[{config}, {layer}]' required for pushing image into repository with name 'shop' in the registry with id '123456789012' do not exist"
        )
    );
    push(registry.clone(), &image, "1.0").await.unwrap();
    let wrong = put(Digest::of(b""), manifest.media_type(), manifest.bytes());
    let garbage = Bytes::from_static(b"{}");
    let no_manifest = put(Digest::of(&garbage), manifest.media_type(), &garbage);
    for (request, expected) in [
        (
            &known,
            "ImageTagAlreadyExistsException: The image tag '1.0' already exists in the 'shop' repository and cannot be overwritten because the repository is immutable.",
        ),
        (&wrong, "ImageDigestDoesNotMatchException"),
        (
            &no_manifest,
            "InvalidParameterException: Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'",
        ),
    ] {
        let error = registry.put_image(request).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    let mut untagged = known.clone();
    untagged.tag = None;
    let error = registry.put_image(&untagged).await.unwrap_err();
    assert_eq!(error.code(), Some("ImageAlreadyExistsException"));
}

#[tokio::test]
async fn repositories() {
    let registry = registry(TagMutability::Mutable);
    let name: RepositoryName = "team/app".parse().unwrap();
    assert_eq!(registry.describe(&DescribeRepository::new(name.clone())).await.unwrap(), None);
    let error = registry.initiate_upload(&InitiateUpload::new(name.clone())).await.unwrap_err();
    assert_eq!(
        error.message(),
        Some("The repository with name 'team/app' does not exist in the registry with id '123456789012'")
    );
    let create = CreateRepository::new(name.clone(), TagMutability::Immutable);
    let created = registry.create(&create).await.unwrap();
    assert_eq!(created.uri, format!("{HOST}/team/app"));
    assert_eq!(registry.describe(&DescribeRepository::new(name.clone())).await.unwrap(), Some(created));
    assert_eq!(registry.create(&create).await.unwrap_err().code(), Some("RepositoryAlreadyExistsException"));
    for digests in [vec![], vec![Digest::of(b""); 101]] {
        let error = registry.batch_check_layers(&BatchCheckLayers::new(name.clone(), digests)).await.unwrap_err();
        assert_eq!(error.code(), Some("InvalidParameterException"));
    }
}

#[tokio::test]
async fn what_can_be_pulled() {
    let registry = registry(TagMutability::Mutable);
    let image = image(2, &[10]);
    push(registry.clone(), &image, "latest").await.unwrap();
    let digest = image.digest();
    for (text, there) in [
        (format!("{HOST}/shop"), true),
        (format!("{HOST}/shop:latest"), true),
        (format!("{HOST}/shop@{digest}"), true),
        (format!("{HOST}/shop:1.0"), false),
        (format!("{HOST}/shop@{}", Digest::of(b"")), false),
        (format!("{HOST}/other"), false),
        (format!("{}/shop", HOST.replace("eu-central-1", "eu-west-1")), false),
        ("shop".to_owned(), false),
    ] {
        assert_eq!(registry.contains(&ImageRef::parse(&text).unwrap()), there, "{text}");
    }
    assert!(registry.contains(&target("latest")));
    assert!(registry.pushed_at(&shop(), digest).is_some());
}
