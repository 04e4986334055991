//! The shapes of `RegisterTaskDefinition` as a table: which keys a structure has, and what their values are.
//!
//! The table decides over what is *reported*, never over what is kept: keys that it does not know stay in the text
//! and go to the service. Source: the API's model of 2026-08 (service-2.json of `ecs`, 2014-11-13).

/// What a value is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// Text.
    Str,
    /// Text in the API that people write as a number: `cpu` and `memory` of a task.
    Amount,
    /// A whole number.
    Int,
    /// `true` or `false`.
    Bool,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Anything: what only appears in the service's answers.
    Any,
    /// A mapping of text to text.
    StrMap,
    /// A list.
    List(&'static Self),
    /// A structure.
    Struct(&'static Shape),
}

/// A structure of the API.
#[derive(Debug)]
pub(crate) struct Shape {
    /// What messages call it.
    pub(crate) what: &'static str,
    /// Its keys.
    pub(crate) fields: &'static [Field],
}

/// A key of a structure.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
}

impl Shape {
    /// The kind of a key's value; `None` for a key that the table does not know.
    pub(crate) fn kind(&self, key: &str) -> Option<Kind> {
        self.fields.iter().find(|field| field.name == key).map(|field| field.kind)
    }
}

const fn opt(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false }
}

const fn req(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: true }
}

const STRS: Kind = Kind::List(&Kind::Str);

/// The fields of a described task definition that registering does not take: exactly what the shape `TaskDefinition`
/// has more than `RegisterTaskDefinitionRequest`.
pub const READ_ONLY: [&str; 9] = [
    "compatibilities",
    "deleteRequestedAt",
    "deregisteredAt",
    "registeredAt",
    "registeredBy",
    "requiresAttributes",
    "revision",
    "status",
    "taskDefinitionArn",
];

/// The tags, which describe gives beside the task definition.
pub(crate) static TAGS: Kind = Kind::List(&Kind::Struct(&TAG));

/// The containers, also where they are all that a file has.
pub(crate) static CONTAINERS: Kind = Kind::List(&Kind::Struct(&CONTAINER));

pub(crate) static TASK_DEFINITION: Shape = Shape {
    what: "the task definition",
    fields: &[
        req("family", Kind::Str),
        opt("taskRoleArn", Kind::Str),
        opt("executionRoleArn", Kind::Str),
        opt("networkMode", Kind::OneOf(&["bridge", "host", "awsvpc", "none"])),
        req("containerDefinitions", Kind::List(&Kind::Struct(&CONTAINER))),
        opt("volumes", Kind::List(&Kind::Struct(&VOLUME))),
        opt("placementConstraints", Kind::List(&Kind::Struct(&PLACEMENT_CONSTRAINT))),
        opt("requiresCompatibilities", Kind::List(&Kind::OneOf(&["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"]))),
        opt("cpu", Kind::Amount),
        opt("memory", Kind::Amount),
        opt("tags", Kind::List(&Kind::Struct(&TAG))),
        opt("pidMode", Kind::OneOf(&["host", "task"])),
        opt("ipcMode", Kind::OneOf(&["host", "task", "none"])),
        opt("proxyConfiguration", Kind::Struct(&PROXY)),
        opt("inferenceAccelerators", Kind::List(&Kind::Struct(&INFERENCE_ACCELERATOR))),
        opt("ephemeralStorage", Kind::Struct(&EPHEMERAL_STORAGE)),
        opt("runtimePlatform", Kind::Struct(&RUNTIME_PLATFORM)),
        opt("enableFaultInjection", Kind::Bool),
        opt("trustedExecutionConfiguration", Kind::Struct(&TRUSTED_EXECUTION)),
        opt("compatibilities", Kind::Any),
        opt("deleteRequestedAt", Kind::Any),
        opt("deregisteredAt", Kind::Any),
        opt("registeredAt", Kind::Any),
        opt("registeredBy", Kind::Any),
        opt("requiresAttributes", Kind::Any),
        opt("revision", Kind::Any),
        opt("status", Kind::Any),
        opt("taskDefinitionArn", Kind::Any),
    ],
};

pub(crate) static CONTAINER: Shape = Shape {
    what: "the container",
    fields: &[
        req("name", Kind::Str),
        // Missing and empty images have a rule of their own, with the service's words.
        opt("image", Kind::Str),
        opt("repositoryCredentials", Kind::Struct(&REPOSITORY_CREDENTIALS)),
        opt("cpu", Kind::Int),
        opt("memory", Kind::Int),
        opt("memoryReservation", Kind::Int),
        opt("links", STRS),
        opt("portMappings", Kind::List(&Kind::Struct(&PORT_MAPPING))),
        opt("essential", Kind::Bool),
        opt("restartPolicy", Kind::Struct(&RESTART_POLICY)),
        opt("entryPoint", STRS),
        opt("command", STRS),
        opt("environment", Kind::List(&Kind::Struct(&KEY_VALUE))),
        opt("environmentFiles", Kind::List(&Kind::Struct(&ENVIRONMENT_FILE))),
        opt("mountPoints", Kind::List(&Kind::Struct(&MOUNT_POINT))),
        opt("volumesFrom", Kind::List(&Kind::Struct(&VOLUME_FROM))),
        opt("linuxParameters", Kind::Struct(&LINUX_PARAMETERS)),
        opt("secrets", Kind::List(&Kind::Struct(&SECRET))),
        opt("dependsOn", Kind::List(&Kind::Struct(&DEPENDENCY))),
        opt("startTimeout", Kind::Int),
        opt("stopTimeout", Kind::Int),
        opt("versionConsistency", Kind::OneOf(&["enabled", "disabled"])),
        opt("hostname", Kind::Str),
        opt("user", Kind::Str),
        opt("workingDirectory", Kind::Str),
        opt("disableNetworking", Kind::Bool),
        opt("privileged", Kind::Bool),
        opt("readonlyRootFilesystem", Kind::Bool),
        opt("dnsServers", STRS),
        opt("dnsSearchDomains", STRS),
        opt("extraHosts", Kind::List(&Kind::Struct(&EXTRA_HOST))),
        opt("dockerSecurityOptions", STRS),
        opt("interactive", Kind::Bool),
        opt("pseudoTerminal", Kind::Bool),
        opt("dockerLabels", Kind::StrMap),
        opt("ulimits", Kind::List(&Kind::Struct(&ULIMIT))),
        opt("logConfiguration", Kind::Struct(&LOG_CONFIGURATION)),
        opt("healthCheck", Kind::Struct(&HEALTH_CHECK)),
        opt("systemControls", Kind::List(&Kind::Struct(&SYSTEM_CONTROL))),
        opt("resourceRequirements", Kind::List(&Kind::Struct(&RESOURCE_REQUIREMENT))),
        opt("firelensConfiguration", Kind::Struct(&FIRELENS)),
        opt("credentialSpecs", STRS),
    ],
};

static REPOSITORY_CREDENTIALS: Shape =
    Shape { what: "`repositoryCredentials`", fields: &[req("credentialsParameter", Kind::Str)] };

static PORT_MAPPING: Shape = Shape {
    what: "the port mapping",
    fields: &[
        opt("containerPort", Kind::Int),
        opt("hostPort", Kind::Int),
        opt("protocol", Kind::OneOf(&["tcp", "udp"])),
        opt("name", Kind::Str),
        opt("appProtocol", Kind::OneOf(&["http", "http2", "grpc"])),
        opt("containerPortRange", Kind::Str),
    ],
};

static RESTART_POLICY: Shape = Shape {
    what: "`restartPolicy`",
    fields: &[
        req("enabled", Kind::Bool),
        opt("ignoredExitCodes", Kind::List(&Kind::Int)),
        opt("restartAttemptPeriod", Kind::Int),
    ],
};

static KEY_VALUE: Shape = Shape { what: "the variable", fields: &[opt("name", Kind::Str), opt("value", Kind::Str)] };

static ENVIRONMENT_FILE: Shape =
    Shape { what: "the environment file", fields: &[req("value", Kind::Str), req("type", Kind::OneOf(&["s3"]))] };

static MOUNT_POINT: Shape = Shape {
    what: "the mount point",
    fields: &[opt("sourceVolume", Kind::Str), opt("containerPath", Kind::Str), opt("readOnly", Kind::Bool)],
};

static VOLUME_FROM: Shape = Shape {
    what: "the entry of `volumesFrom`",
    fields: &[opt("sourceContainer", Kind::Str), opt("readOnly", Kind::Bool)],
};

static LINUX_PARAMETERS: Shape = Shape {
    what: "`linuxParameters`",
    fields: &[
        opt("capabilities", Kind::Struct(&CAPABILITIES)),
        opt("devices", Kind::List(&Kind::Struct(&DEVICE))),
        opt("initProcessEnabled", Kind::Bool),
        opt("sharedMemorySize", Kind::Int),
        opt("tmpfs", Kind::List(&Kind::Struct(&TMPFS))),
        opt("maxSwap", Kind::Int),
        opt("swappiness", Kind::Int),
    ],
};

static CAPABILITIES: Shape = Shape { what: "`capabilities`", fields: &[opt("add", STRS), opt("drop", STRS)] };

static DEVICE: Shape = Shape {
    what: "the device",
    fields: &[
        req("hostPath", Kind::Str),
        opt("containerPath", Kind::Str),
        opt("permissions", Kind::List(&Kind::OneOf(&["read", "write", "mknod"]))),
    ],
};

static TMPFS: Shape = Shape {
    what: "the tmpfs",
    fields: &[req("containerPath", Kind::Str), req("size", Kind::Int), opt("mountOptions", STRS)],
};

static SECRET: Shape = Shape { what: "the secret", fields: &[req("name", Kind::Str), req("valueFrom", Kind::Str)] };

static DEPENDENCY: Shape = Shape {
    what: "the dependency",
    fields: &[
        req("containerName", Kind::Str),
        req("condition", Kind::OneOf(&["START", "COMPLETE", "SUCCESS", "HEALTHY"])),
    ],
};

static EXTRA_HOST: Shape =
    Shape { what: "the host entry", fields: &[req("hostname", Kind::Str), req("ipAddress", Kind::Str)] };

static ULIMIT: Shape = Shape {
    what: "the ulimit",
    fields: &[
        req(
            "name",
            Kind::OneOf(&[
                "core",
                "cpu",
                "data",
                "fsize",
                "locks",
                "memlock",
                "msgqueue",
                "nice",
                "nofile",
                "nproc",
                "rss",
                "rtprio",
                "rttime",
                "sigpending",
                "stack",
            ]),
        ),
        req("softLimit", Kind::Int),
        req("hardLimit", Kind::Int),
    ],
};

static LOG_CONFIGURATION: Shape = Shape {
    what: "`logConfiguration`",
    fields: &[
        req(
            "logDriver",
            Kind::OneOf(&["json-file", "syslog", "journald", "gelf", "fluentd", "awslogs", "splunk", "awsfirelens"]),
        ),
        opt("options", Kind::StrMap),
        opt("secretOptions", Kind::List(&Kind::Struct(&SECRET))),
    ],
};

static HEALTH_CHECK: Shape = Shape {
    what: "`healthCheck`",
    fields: &[
        req("command", STRS),
        opt("interval", Kind::Int),
        opt("timeout", Kind::Int),
        opt("retries", Kind::Int),
        opt("startPeriod", Kind::Int),
    ],
};

static SYSTEM_CONTROL: Shape =
    Shape { what: "the system control", fields: &[opt("namespace", Kind::Str), opt("value", Kind::Str)] };

static RESOURCE_REQUIREMENT: Shape = Shape {
    what: "the resource requirement",
    fields: &[
        opt("value", Kind::Str),
        req("type", Kind::OneOf(&["GPU", "InferenceAccelerator", "NeuronDevice"])),
        opt("sharingStrategy", Kind::Any),
    ],
};

static FIRELENS: Shape = Shape {
    what: "`firelensConfiguration`",
    fields: &[req("type", Kind::OneOf(&["fluentd", "fluentbit"])), opt("options", Kind::StrMap)],
};

static VOLUME: Shape = Shape {
    what: "the volume",
    fields: &[
        opt("name", Kind::Str),
        opt("host", Kind::Struct(&HOST)),
        opt("dockerVolumeConfiguration", Kind::Struct(&DOCKER_VOLUME)),
        opt("efsVolumeConfiguration", Kind::Struct(&EFS_VOLUME)),
        opt("s3filesVolumeConfiguration", Kind::Struct(&S3FILES_VOLUME)),
        opt("fsxWindowsFileServerVolumeConfiguration", Kind::Struct(&FSX_VOLUME)),
        opt("configuredAtLaunch", Kind::Bool),
    ],
};

static HOST: Shape = Shape { what: "`host`", fields: &[opt("sourcePath", Kind::Str)] };

static DOCKER_VOLUME: Shape = Shape {
    what: "`dockerVolumeConfiguration`",
    fields: &[
        opt("scope", Kind::OneOf(&["task", "shared"])),
        opt("autoprovision", Kind::Bool),
        opt("driver", Kind::Str),
        opt("driverOpts", Kind::StrMap),
        opt("labels", Kind::StrMap),
    ],
};

static EFS_VOLUME: Shape = Shape {
    what: "`efsVolumeConfiguration`",
    fields: &[
        req("fileSystemId", Kind::Str),
        opt("rootDirectory", Kind::Str),
        opt("transitEncryption", Kind::OneOf(&["ENABLED", "DISABLED"])),
        opt("transitEncryptionPort", Kind::Int),
        opt("authorizationConfig", Kind::Struct(&EFS_AUTHORIZATION)),
    ],
};

static EFS_AUTHORIZATION: Shape = Shape {
    what: "`authorizationConfig`",
    fields: &[opt("accessPointId", Kind::Str), opt("iam", Kind::OneOf(&["ENABLED", "DISABLED"]))],
};

static S3FILES_VOLUME: Shape = Shape {
    what: "`s3filesVolumeConfiguration`",
    fields: &[
        req("fileSystemArn", Kind::Str),
        opt("rootDirectory", Kind::Str),
        opt("transitEncryptionPort", Kind::Int),
        opt("accessPointArn", Kind::Str),
    ],
};

static FSX_VOLUME: Shape = Shape {
    what: "`fsxWindowsFileServerVolumeConfiguration`",
    fields: &[
        req("fileSystemId", Kind::Str),
        req("rootDirectory", Kind::Str),
        req("authorizationConfig", Kind::Struct(&FSX_AUTHORIZATION)),
    ],
};

static FSX_AUTHORIZATION: Shape = Shape {
    what: "`authorizationConfig`",
    fields: &[req("credentialsParameter", Kind::Str), req("domain", Kind::Str)],
};

static PLACEMENT_CONSTRAINT: Shape = Shape {
    what: "the placement constraint",
    fields: &[opt("type", Kind::OneOf(&["memberOf"])), opt("expression", Kind::Str)],
};

pub(crate) static TAG: Shape = Shape { what: "the tag", fields: &[opt("key", Kind::Str), opt("value", Kind::Str)] };

static PROXY: Shape = Shape {
    what: "`proxyConfiguration`",
    fields: &[
        opt("type", Kind::OneOf(&["APPMESH"])),
        req("containerName", Kind::Str),
        opt("properties", Kind::List(&Kind::Struct(&KEY_VALUE))),
    ],
};

static INFERENCE_ACCELERATOR: Shape =
    Shape { what: "the inference accelerator", fields: &[req("deviceName", Kind::Str), req("deviceType", Kind::Str)] };

static EPHEMERAL_STORAGE: Shape = Shape { what: "`ephemeralStorage`", fields: &[req("sizeInGiB", Kind::Int)] };

static RUNTIME_PLATFORM: Shape = Shape {
    what: "`runtimePlatform`",
    fields: &[
        opt("cpuArchitecture", Kind::OneOf(&["X86_64", "ARM64"])),
        opt(
            "operatingSystemFamily",
            Kind::OneOf(&[
                "LINUX",
                "WINDOWS_SERVER_2016_FULL",
                "WINDOWS_SERVER_2019_FULL",
                "WINDOWS_SERVER_2019_CORE",
                "WINDOWS_SERVER_2004_CORE",
                "WINDOWS_SERVER_20H2_CORE",
                "WINDOWS_SERVER_2022_CORE",
                "WINDOWS_SERVER_2022_FULL",
                "WINDOWS_SERVER_2025_CORE",
                "WINDOWS_SERVER_2025_FULL",
            ]),
        ),
    ],
};

static TRUSTED_EXECUTION: Shape = Shape {
    what: "`trustedExecutionConfiguration`",
    fields: &[
        req("isolationMode", Kind::OneOf(&["SHARED", "ISOLATED_SANDBOX", "CONFIDENTIAL_SANDBOX"])),
        opt("attestationPolicy", Kind::Any),
    ],
};
