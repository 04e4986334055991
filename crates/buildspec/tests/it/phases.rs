//! The transition table against the one of the reference: every phase, every outcome, every policy.

use buildspec::PhaseType::{self, *};
use buildspec::model::OnFailure;
use buildspec::phases::{Ended, ORDER, next};

#[test]
fn success_goes_on() {
    for (index, phase) in ORDER.iter().enumerate() {
        for policy in [None, Some(OnFailure::Abort), Some(OnFailure::Continue)] {
            assert_eq!(next(phase, Ended::Succeeded, policy.as_ref()), ORDER.get(index + 1).cloned(), "{phase}");
        }
    }
}

#[test]
fn failure() {
    let retry = OnFailure::parse("RETRY-2").unwrap();
    // Phase, and what follows its failure: without a policy, with ABORT, with CONTINUE, with RETRY used up.
    let table: [(PhaseType, [PhaseType; 4]); 6] = [
        (DownloadSource, [Finalizing, Finalizing, Finalizing, Finalizing]),
        (Install, [Finalizing, Finalizing, PreBuild, Finalizing]),
        (PreBuild, [Finalizing, Finalizing, Build, Finalizing]),
        (Build, [PostBuild, Finalizing, PostBuild, Finalizing]),
        (PostBuild, [UploadArtifacts, Finalizing, UploadArtifacts, Finalizing]),
        (UploadArtifacts, [Finalizing, Finalizing, Finalizing, Finalizing]),
    ];
    for (phase, expected) in table {
        let policies = [None, Some(&OnFailure::Abort), Some(&OnFailure::Continue), Some(&retry)];
        for (policy, expected) in policies.into_iter().zip(expected) {
            assert_eq!(next(&phase, Ended::Failed, policy), Some(expected), "{phase} with {policy:?}");
        }
    }
}

#[test]
fn every_build_ends() {
    for failing in &ORDER {
        let mut phase = Submitted;
        let mut steps = 0;
        loop {
            let ended = if phase == *failing { Ended::Failed } else { Ended::Succeeded };
            match next(&phase, ended, None) {
                Some(next) => phase = next,
                None => break,
            }
            steps += 1;
            assert!(steps < 20, "{failing}");
        }
        assert_eq!(phase, Completed, "{failing}");
    }
    assert_eq!(next(&Unknown("NAP".to_owned()), Ended::Succeeded, None), None);
    assert_eq!(PhaseType::from_word("NAP").as_str(), "NAP");
}
