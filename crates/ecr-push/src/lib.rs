//! Container images into ECR: built without Docker, pushed, verified.
