//! `ecr_push::client::Ecr`: the six calls of a push and the two of repositories.

use aws_call::{AccountId, Fault};
use aws_sdk_ecr::{Client, Config};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use bytes::Bytes;
use ecr_push::{
    Digest, MediaType, Registry, RepositoryName,
    client::{
        Availability, BatchCheckLayers, CompleteUpload, CreateRepository, DescribeRepository, Ecr, GetImage, ImageId,
        ImageStore, InitiateUpload, LayerState, PartAnswer, PutImage, Repositories, TagMutability, UploadPart,
    },
    login::Logins as _,
};
use serde_json::{Value as Json, json};

use crate::wire::{self, Service};

const ACCOUNT: &str = "123456789012";
const UPLOAD: &str = "0f0f0f0f-2222-4333-8444-555566667777";
const MANIFEST: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
const NO_REPOSITORY: &str = "The repository with name 'shop/web' does not exist in the registry with id '123456789012'";

fn ecr(answers: impl IntoIterator<Item = HttpResponse>) -> (Ecr, Service) {
    let service = Service::answering(answers);
    let config = Config::builder().with_test_defaults_v2().http_client(service.http()).build();
    (Ecr::new(Client::from_conf(config)), service)
}

fn target(operation: &str) -> String {
    format!("AmazonEC2ContainerRegistry_V20150921.{operation}")
}

fn shop() -> RepositoryName {
    "shop/web".parse().unwrap()
}

fn digest(of: &str) -> Digest {
    Digest::of(of.as_bytes())
}

fn put(tag: Option<&str>) -> PutImage {
    let tag = tag.map(|tag| tag.parse().unwrap());
    PutImage::new(shop(), Bytes::from_static(MANIFEST.as_bytes()), MediaType::OciIndex, digest(MANIFEST), tag)
}

fn part(first_byte: u64, bytes: &'static [u8]) -> UploadPart {
    UploadPart::new(shop(), UPLOAD.to_owned(), first_byte, Bytes::from_static(bytes))
}

fn stored(media_type: &Json) -> Json {
    json!({
        "images": [{
            "registryId": ACCOUNT,
            "repositoryName": "shop/web",
            "imageId": { "imageDigest": digest(MANIFEST).to_string(), "imageTag": "v1" },
            "imageManifest": MANIFEST,
            "imageManifestMediaType": media_type,
        }],
        "failures": [],
    })
}

#[tokio::test]
async fn batch_check_layers() {
    let (there, archived, missing, unknown) = (digest("a"), digest("b"), digest("c"), digest("d"));
    let layer = |digest: Digest, availability: &str| {
        json!({
            "layerDigest": digest.to_string(),
            "layerAvailability": availability,
            "layerSize": 9,
            "mediaType": MediaType::OciLayerGzip.as_str(),
        })
    };
    let (ecr, service) = ecr([wire::ok(json!({
        "layers": [layer(there, "AVAILABLE"), layer(archived, "ARCHIVED"), layer(missing, "UNAVAILABLE")],
        "failures": [{
            "layerDigest": unknown.to_string(),
            "failureCode": "MissingLayerDigest",
            "failureReason": "Layer digest is missing",
        }],
    }))]);
    let digests = vec![there, archived, missing, unknown];
    let states = ecr.batch_check_layers(&BatchCheckLayers::new(shop(), digests.clone())).await.unwrap();
    assert_eq!(
        states,
        [
            LayerState::new(there, Availability::Available),
            LayerState::new(archived, Availability::Archived),
            LayerState::new(missing, Availability::Unavailable),
        ]
    );
    let digests: Vec<String> = digests.iter().map(ToString::to_string).collect();
    service.was_asked(
        &target("BatchCheckLayerAvailability"),
        json!({ "repositoryName": "shop/web", "layerDigests": digests }),
    );
}

#[tokio::test]
async fn initiate_upload() {
    let (ecr, service) = ecr([
        wire::ok(json!({ "uploadId": UPLOAD, "partSize": 10_485_760 })),
        wire::ok(json!({ "uploadId": UPLOAD })),
        wire::ok(json!({ "partSize": 10_485_760 })),
        wire::error(400, "RepositoryNotFoundException", NO_REPOSITORY),
    ]);
    let request = InitiateUpload::new(shop());
    let upload = ecr.initiate_upload(&request).await.unwrap();
    assert_eq!((upload.id.as_str(), upload.part_size), (UPLOAD, 10_485_760));
    assert_eq!(ecr.initiate_upload(&request).await.unwrap().part_size, 0);

    let nameless = ecr.initiate_upload(&request).await.unwrap_err();
    assert_eq!(nameless.fault(), Fault::Other);
    assert_eq!(nameless.to_string(), "InitiateLayerUpload failed: the answer lacks `uploadId`");

    let error = ecr.initiate_upload(&request).await.unwrap_err();
    let fault = wire::refused(&error, "InitiateLayerUpload", "RepositoryNotFoundException", NO_REPOSITORY);
    assert_eq!(fault, Fault::NotFound);
    for asked in service.asked() {
        assert_eq!(asked.target, target("InitiateLayerUpload"));
        assert_eq!(asked.body, json!({ "repositoryName": "shop/web" }));
    }
}

#[tokio::test]
async fn upload_part() {
    let (ecr, service) = ecr([wire::ok(json!({
        "registryId": ACCOUNT, "repositoryName": "shop/web", "uploadId": UPLOAD, "lastByteReceived": 104,
    }))]);
    let answer = ecr.upload_part(&part(100, b"\x00\xffabc")).await.unwrap();
    assert_eq!(answer, PartAnswer::Received { last_byte: 104 });
    // The range includes its last byte, and the bytes travel as Base64.
    service.was_asked(
        &target("UploadLayerPart"),
        json!({
            "repositoryName": "shop/web",
            "uploadId": UPLOAD,
            "partFirstByte": 100,
            "partLastByte": 104,
            "layerPartBlob": "AP9hYmM=",
        }),
    );
}

#[tokio::test(start_paused = true)]
async fn a_part_is_sent_again_whole() {
    let (ecr, service) = ecr([wire::unavailable(), wire::ok(json!({ "lastByteReceived": 2 }))]);
    let answer = ecr.upload_part(&part(0, b"abc")).await.unwrap();
    assert_eq!(answer, PartAnswer::Received { last_byte: 2 });
    service.was_asked_twice(
        &target("UploadLayerPart"),
        json!({
            "repositoryName": "shop/web",
            "uploadId": UPLOAD,
            "partFirstByte": 0,
            "partLastByte": 2,
            "layerPartBlob": "YWJj",
        }),
    );
}

#[tokio::test]
async fn upload_part_out_of_order() {
    let message = "First byte of the layer part is 0 instead of 11304960";
    let refusal = |last_valid_byte: Json| {
        wire::response(
            400,
            json!({
                "__type": "InvalidLayerPartException",
                "message": message,
                "registryId": ACCOUNT,
                "repositoryName": "shop/web",
                "uploadId": UPLOAD,
                "lastValidByteReceived": last_valid_byte,
            })
            .to_string(),
        )
    };
    let (ecr, service) = ecr([refusal(json!(11_304_959)), refusal(json!(-1)), refusal(Json::Null)]);
    for expected in [Some(11_304_959), None, None] {
        let answer = ecr.upload_part(&part(0, b"abc")).await.unwrap();
        assert_eq!(answer, PartAnswer::Resume { last_valid_byte: expected, message: message.to_owned() });
    }
    assert_eq!(service.asked().len(), 3);
}

#[tokio::test]
async fn parts_that_are_refused_or_never_sent() {
    let message = "The upload with id '0f0f0f0f-2222-4333-8444-555566667777' does not exist";
    let (ecr, service) = ecr([wire::error(400, "UploadNotFoundException", message), wire::ok(json!({}))]);
    let empty = ecr.upload_part(&part(0, b"")).await.unwrap_err();
    assert_eq!((empty.fault(), empty.code()), (Fault::InvalidRequest, None));

    let error = ecr.upload_part(&part(0, b"abc")).await.unwrap_err();
    let fault = wire::refused(&error, "UploadLayerPart", "UploadNotFoundException", message);
    assert_eq!(fault, Fault::NotFound);

    let silent = ecr.upload_part(&part(0, b"abc")).await.unwrap_err();
    assert_eq!(silent.to_string(), "UploadLayerPart failed: the answer lacks `lastByteReceived`");
    assert_eq!(service.asked().len(), 2);
}

#[tokio::test]
async fn complete_upload() {
    let layer = digest("layer");
    let message = format!("Layer with digest '{layer}' already exists in repository 'shop/web'");
    let (ecr, service) = ecr([
        wire::ok(json!({
            "registryId": ACCOUNT, "repositoryName": "shop/web", "uploadId": UPLOAD, "layerDigest": layer.to_string(),
        })),
        wire::error(400, "LayerAlreadyExistsException", &message),
        wire::ok(json!({ "layerDigest": "sha512:00" })),
    ]);
    let request = CompleteUpload::new(shop(), UPLOAD.to_owned(), layer);
    assert_eq!(ecr.complete_upload(&request).await.unwrap(), layer);

    let error = ecr.complete_upload(&request).await.unwrap_err();
    let fault = wire::refused(&error, "CompleteLayerUpload", "LayerAlreadyExistsException", &message);
    assert_eq!(fault, Fault::AlreadyExists);

    let unread = ecr.complete_upload(&request).await.unwrap_err();
    assert_eq!((unread.fault(), unread.message()), (Fault::Other, Some("the digest cannot be read")));
    for asked in service.asked() {
        assert_eq!(asked.target, target("CompleteLayerUpload"));
        let body = json!({ "repositoryName": "shop/web", "uploadId": UPLOAD, "layerDigests": [layer.to_string()] });
        assert_eq!(asked.body, body);
    }
}

#[tokio::test]
async fn put_image() {
    let stored = || wire::ok(json!({ "image": stored(&json!(MediaType::OciIndex.as_str()))["images"][0] }));
    let (ecr, service) = ecr([stored(), stored()]);
    let mut body = json!({
        "repositoryName": "shop/web",
        "imageManifest": MANIFEST,
        "imageManifestMediaType": "application/vnd.oci.image.index.v1+json",
        "imageDigest": digest(MANIFEST).to_string(),
    });
    assert_eq!(ecr.put_image(&put(None)).await.unwrap(), digest(MANIFEST));
    assert_eq!(ecr.put_image(&put(Some("v1"))).await.unwrap(), digest(MANIFEST));
    let asked = service.asked();
    assert_eq!((asked[0].target.as_str(), &asked[0].body), (target("PutImage").as_str(), &body));
    body["imageTag"] = json!("v1");
    assert_eq!(asked[1].body, body);
}

#[tokio::test]
async fn put_image_refused() {
    let refusals = [
        (
            "ImageTagAlreadyExistsException",
            "The image tag 'v1' already exists in the 'shop/web' repository and cannot be overwritten because the \
             repository is immutable.",
            Fault::AlreadyExists,
        ),
        (
            "LayersNotFoundException",
            "Layers with digests '[sha256:00]' required for pushing image into repository with name 'shop/web' in the \
             registry with id '123456789012' do not exist",
            Fault::NotFound,
        ),
        ("ReferencedImagesNotFoundException", "Images with digests '[sha256:00]' do not exist", Fault::NotFound),
    ];
    let (ecr, service) = ecr(refusals.map(|(code, message, _)| wire::error(400, code, message)));
    for (code, message, fault) in refusals {
        let error = ecr.put_image(&put(Some("v1"))).await.unwrap_err();
        assert_eq!(wire::refused(&error, "PutImage", code, message), fault);
    }
    let mut binary = put(None);
    binary.manifest = Bytes::from_static(b"\xff");
    let error = ecr.put_image(&binary).await.unwrap_err();
    assert_eq!((error.fault(), error.message()), (Fault::InvalidRequest, Some("the manifest is not UTF-8")));
    assert_eq!(service.asked().len(), 3, "what is not UTF-8 is not sent");
}

/// The SDK takes a used-up quota for a throttle and asks three times; who called must not go on with that.
#[tokio::test(start_paused = true)]
async fn quota() {
    let (code, message) = ("LimitExceededException", "The number of images exceeds the limit of 100000");
    let (ecr, service) = ecr((0..3).map(|_| wire::error(400, code, message)));
    let error = ecr.put_image(&put(None)).await.unwrap_err();
    assert_eq!(wire::refused(&error, "PutImage", code, message), Fault::LimitExceeded);
    assert!(!error.is_retryable());
    assert_eq!(service.asked().len(), 3);
}

#[tokio::test]
async fn get_image() {
    let (ecr, service) =
        ecr([wire::ok(stored(&json!("application/vnd.oci.image.index.v1+json"))), wire::ok(stored(&Json::Null))]);
    let by_tag = ecr.get_image(&GetImage::new(shop(), ImageId::Tag("v1".parse().unwrap()))).await.unwrap().unwrap();
    assert_eq!((by_tag.digest, by_tag.media_type), (digest(MANIFEST), MediaType::OciIndex));
    assert_eq!(by_tag.manifest, MANIFEST);
    let by_digest = ecr.get_image(&GetImage::new(shop(), ImageId::Digest(digest(MANIFEST)))).await.unwrap().unwrap();
    // Without the answer's word, the manifest's own counts.
    assert_eq!(by_digest.media_type, MediaType::OciIndex);

    let body = |id: Json| {
        json!({
            "repositoryName": "shop/web",
            "imageIds": [id],
            "acceptedMediaTypes": [
                "application/vnd.oci.image.manifest.v1+json",
                "application/vnd.oci.image.index.v1+json",
                "application/vnd.docker.distribution.manifest.v2+json",
                "application/vnd.docker.distribution.manifest.list.v2+json",
            ],
        })
    };
    let asked = service.asked();
    assert_eq!(asked[0].target, target("BatchGetImage"));
    assert_eq!(asked[0].body, body(json!({ "imageTag": "v1" })));
    assert_eq!(asked[1].body, body(json!({ "imageDigest": digest(MANIFEST).to_string() })));
}

#[tokio::test]
async fn images_that_cannot_be_had() {
    let failed = |code: &str, reason: &str| {
        let failure = json!({ "imageId": { "imageTag": "v1" }, "failureCode": code, "failureReason": reason });
        wire::ok(json!({ "images": [], "failures": [failure] }))
    };
    let (ecr, _) = ecr([
        failed("ImageNotFound", "Requested image not found"),
        failed("KmsError", "The key is disabled"),
        wire::error(400, "RepositoryNotFoundException", NO_REPOSITORY),
    ]);
    let request = GetImage::new(shop(), ImageId::Tag("v1".parse().unwrap()));
    assert_eq!(ecr.get_image(&request).await.unwrap(), None);

    let error = ecr.get_image(&request).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Some("KmsError"), Some("The key is disabled")));
    // A failure within a success still belongs to a request.
    assert_eq!(error.request_id(), Some(wire::REQUEST_ID));

    let error = ecr.get_image(&request).await.unwrap_err();
    let fault = wire::refused(&error, "BatchGetImage", "RepositoryNotFoundException", NO_REPOSITORY);
    assert_eq!(fault, Fault::NotFound);
}

fn repository(mutability: &str) -> Json {
    json!({
        "repositoryArn": "arn:aws:ecr:us-east-1:123456789012:repository/shop/web",
        "registryId": ACCOUNT,
        "repositoryName": "shop/web",
        "repositoryUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/web",
        "createdAt": 1_700_000_000.5,
        "imageTagMutability": mutability,
        "imageScanningConfiguration": { "scanOnPush": false },
        "encryptionConfiguration": { "encryptionType": "AES256" },
    })
}

#[tokio::test]
async fn describe() {
    let denied = "User: arn:aws:iam::123456789012:user/nobody is not authorized to perform: ecr:DescribeRepositories";
    let (ecr, service) = ecr([
        wire::ok(json!({ "repositories": [repository("IMMUTABLE")] })),
        wire::ok(json!({ "repositories": [repository("MUTABLE_WITH_EXCLUSION")] })),
        wire::error(400, "RepositoryNotFoundException", NO_REPOSITORY),
        wire::error(400, "AccessDeniedException", denied),
    ]);
    let request = DescribeRepository::new(shop());
    let found = ecr.describe(&request).await.unwrap().unwrap();
    assert_eq!(found.name, shop());
    assert_eq!(found.uri, "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/web");
    assert_eq!(found.mutability, TagMutability::Immutable);
    assert_eq!(ecr.describe(&request).await.unwrap().unwrap().mutability, TagMutability::Mutable);
    assert_eq!(ecr.describe(&request).await.unwrap(), None);

    let error = ecr.describe(&request).await.unwrap_err();
    let fault = wire::refused(&error, "DescribeRepositories", "AccessDeniedException", denied);
    assert_eq!(fault, Fault::AccessDenied);
    for asked in service.asked() {
        assert_eq!(asked.target, target("DescribeRepositories"));
        assert_eq!(asked.body, json!({ "repositoryNames": ["shop/web"] }));
    }
}

#[tokio::test]
async fn create() {
    let message = "The repository with name 'shop/web' already exists in the registry with id '123456789012'";
    let (ecr, service) = ecr([
        wire::ok(json!({ "repository": repository("IMMUTABLE") })),
        wire::error(400, "RepositoryAlreadyExistsException", message),
    ]);
    let created = ecr.create(&CreateRepository::new(shop(), TagMutability::Immutable)).await.unwrap();
    assert_eq!((created.name, created.mutability), (shop(), TagMutability::Immutable));

    let error = ecr.create(&CreateRepository::new(shop(), TagMutability::Mutable)).await.unwrap_err();
    let fault = wire::refused(&error, "CreateRepository", "RepositoryAlreadyExistsException", message);
    assert_eq!(fault, Fault::AlreadyExists);

    let asked = service.asked();
    assert_eq!(asked[0].target, target("CreateRepository"));
    assert_eq!(asked[0].body, json!({ "repositoryName": "shop/web", "imageTagMutability": "IMMUTABLE" }));
    assert_eq!(asked[1].body, json!({ "repositoryName": "shop/web", "imageTagMutability": "MUTABLE" }));
}

/// The id of another account's registry goes with every call: one without it would speak to the caller's own.
#[tokio::test]
async fn registry_id() {
    let answers = (0..8).map(|_| wire::error(400, "InvalidParameterException", "no"));
    let (plain, service) = ecr(answers);
    let registry = Registry::parse("123456789012.dkr.ecr.us-east-1.amazonaws.com").unwrap();
    let ecr = plain.clone().for_registry(&registry);
    let id = || ImageId::Digest(digest("a"));
    ecr.batch_check_layers(&BatchCheckLayers::new(shop(), vec![digest("a")])).await.unwrap_err();
    ecr.initiate_upload(&InitiateUpload::new(shop())).await.unwrap_err();
    ecr.upload_part(&part(0, b"a")).await.unwrap_err();
    ecr.complete_upload(&CompleteUpload::new(shop(), UPLOAD.to_owned(), digest("a"))).await.unwrap_err();
    ecr.put_image(&put(None)).await.unwrap_err();
    ecr.get_image(&GetImage::new(shop(), id())).await.unwrap_err();
    ecr.describe(&DescribeRepository::new(shop())).await.unwrap_err();
    let ecr = plain.with_registry_id(AccountId::parse(ACCOUNT).unwrap());
    ecr.create(&CreateRepository::new(shop(), TagMutability::Mutable)).await.unwrap_err();
    for asked in service.asked() {
        assert_eq!(asked.body["registryId"], ACCOUNT, "{}", asked.target);
    }
}

#[tokio::test]
async fn get_authorization_token() {
    // base64 of `AWS:not-for-logs:x`: what follows the first colon is the password.
    let token = "QVdTOm5vdC1mb3ItbG9nczp4";
    let data =
        |token: &str| json!({ "authorizationData": [{ "authorizationToken": token, "expiresAt": 1_700_000_000.5 }] });
    let (ecr, service) = ecr([wire::ok(data(token)), wire::ok(data("%")), wire::ok(json!({}))]);
    let login = ecr.login().await.unwrap().unwrap();
    assert_eq!((login.user.as_str(), login.password.expose()), ("AWS", "not-for-logs:x"));
    assert_eq!(login.expires_at, Some(wire::at(1_700_000_000.5)));
    for words in ["the token cannot be read", "the answer lacks `authorizationData`"] {
        let error = ecr.login().await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
    let asked = service.asked();
    assert_eq!((asked[0].target.as_str(), &asked[0].body), (target("GetAuthorizationToken").as_str(), &json!({})));
}
