//! `Test/AWS/DeviceFarm/1`: tests an app on real devices.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, TypeName};

/// Tests an app on real devices.
#[derive(Clone, Copy, Debug)]
pub(super) struct TestDeviceFarm;

impl ActionType for TestDeviceFarm {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Test", "DeviceFarm")
    }

    fn summary(&self) -> &'static str {
        "Tests an app on real devices."
    }

    fn inputs(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn outputs(&self) -> RangeInclusive<usize> {
        0..=0
    }

    fn config(&self) -> &'static [ConfigKey] {
        const {
            &[
                ConfigKey::required("App", "The app inside the artifact."),
                ConfigKey::required("AppType", "What is tested.").one_of(&["Android", "iOS", "Web"]),
                ConfigKey::required("AppiumVersion", "The version of Appium."),
                ConfigKey::optional("CustomDeviceArtifacts", "Where device artifacts lie."),
                ConfigKey::optional("CustomHostMachineArtifacts", "Where host artifacts lie."),
                ConfigKey::required("DevicePoolArn", "The device pool."),
                ConfigKey::optional("FuzzEventCount", "How many events the fuzz test sends."),
                ConfigKey::optional("FuzzEventThrottle", "Milliseconds between events."),
                ConfigKey::optional("FuzzRandomizerSeed", "The seed."),
                ConfigKey::optional("JobTimeoutMinutes", "Minutes until a device gives up."),
                ConfigKey::optional("Latitude", "The latitude."),
                ConfigKey::optional("Longitude", "The longitude."),
                ConfigKey::required("ProjectId", "The project."),
                ConfigKey::optional("RadioBluetoothEnabled", "Whether Bluetooth is on."),
                ConfigKey::optional("RadioGpsEnabled", "Whether GPS is on."),
                ConfigKey::optional("RadioNfcEnabled", "Whether NFC is on."),
                ConfigKey::optional("RadioWifiEnabled", "Whether Wi-Fi is on."),
                ConfigKey::optional("RecordAppPerformanceData", "Whether performance is recorded."),
                ConfigKey::optional("RecordVideo", "Whether video is recorded."),
                ConfigKey::optional("Test", "The test inside the artifact."),
                ConfigKey::required("TestType", "The kind of test."),
                ConfigKey::optional("UnmeteredDevicesOnly", "Whether only unmetered devices are used."),
            ]
        }
    }

    fn permissions(&self) -> &'static [&'static str] {
        &[
            "devicefarm:CreateUpload",
            "devicefarm:GetRun",
            "devicefarm:GetUpload",
            "devicefarm:ListDevicePools",
            "devicefarm:ListProjects",
            "devicefarm:ScheduleRun",
        ]
    }

    fn example(&self) -> &'static str {
        r#"name: Devices
actionTypeId:
  category: Test
  owner: AWS
  provider: DeviceFarm
  version: "1"
inputArtifacts:
  - name: BuildOutput
configuration:
  App: app.apk
  AppType: Android
  AppiumVersion: "1.22.2"
  DevicePoolArn: arn:aws:devicefarm:us-west-2:123456789012:devicepool:example
  ProjectId: example
  TestType: BUILTIN_FUZZ
"#
    }
}
