#!/bin/sh
echo "starting $APPLICATION_NAME of deployment $DEPLOYMENT_ID"
