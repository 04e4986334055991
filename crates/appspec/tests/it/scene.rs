//! A CodeDeploy in memory with an application and a group, on a clock that jumps.

use appspec::Deployer;
use appspec::client::memory::{Instance, MemoryCodeDeploy};
use appspec::client::{
    Application, Applications, BlueGreen, ComputePlatform, CreateDeployment, DeploymentGroup, DeploymentGroups,
    EcsService, RevisionLocation, TagFilter, TargetGroupPair,
};
use aws_call::{ManualClock, SequenceIds};

pub(crate) const ROLE: &str = "arn:aws:iam::123456789012:role/deploy";

pub(crate) struct Scene {
    pub(crate) clock: ManualClock,
    pub(crate) service: MemoryCodeDeploy,
}

impl Scene {
    /// An application `shop` with this group.
    pub(crate) async fn new(platform: ComputePlatform, group: DeploymentGroup) -> Self {
        let clock = ManualClock::at_epoch_secs(1_700_000_000).auto();
        let service = MemoryCodeDeploy::new(clock.clone(), SequenceIds::new(3));
        service.create_application(&Application::new("shop", platform)).await.unwrap();
        service.create_deployment_group(&group).await.unwrap();
        Self { clock, service }
    }

    pub(crate) fn deployer(&self) -> Deployer {
        Deployer::new(self.service.clone(), self.clock.clone(), SequenceIds::new(9))
    }

    pub(crate) fn launch(&self, instances: &[&str]) {
        for id in instances {
            self.service.put_instance(Instance::new(*id).with_tag("app", "shop"));
        }
    }
}

/// The group `live` of an ECS service with a listener for validation.
pub(crate) fn ecs_group() -> DeploymentGroup {
    let pair = TargetGroupPair::new("blue", "green", listener("prod")).with_test_listener(listener("test"));
    DeploymentGroup::new("shop", "live", ROLE).with_ecs_service(EcsService::new("main", "web"), pair)
}

pub(crate) fn listener(name: &str) -> String {
    format!("arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/{name}/0/0")
}

/// The group `live` of a Lambda function.
pub(crate) fn lambda_group() -> DeploymentGroup {
    DeploymentGroup::new("shop", "live", ROLE).with_blue_green(BlueGreen::default())
}

/// The group `live` of the instances that [`Scene::launch`] launches.
pub(crate) fn server_group() -> DeploymentGroup {
    DeploymentGroup::new("shop", "live", ROLE).with_ec2_tags([TagFilter::key_and_value("app", "shop")])
}

pub(crate) fn ecs(hooks: &str) -> RevisionLocation {
    RevisionLocation::content(format!(
        "version: 0.0\nResources:\n  - TargetService:\n      Type: AWS::ECS::Service\n      Properties:\n        TaskDefinition: shop:2\n        LoadBalancerInfo:\n          ContainerName: web\n          ContainerPort: 80\n{hooks}"
    ))
}

pub(crate) fn lambda(hooks: &str) -> RevisionLocation {
    RevisionLocation::content(format!(
        "version: 0.0\nResources:\n  - shop:\n      Type: AWS::Lambda::Function\n      Properties: {{Name: shop, Alias: live, CurrentVersion: '1', TargetVersion: '2'}}\n{hooks}"
    ))
}

pub(crate) fn request(revision: RevisionLocation) -> CreateDeployment {
    CreateDeployment::new("shop", "live", revision)
}
