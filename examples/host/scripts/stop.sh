#!/bin/sh
echo "stopping $APPLICATION_NAME"
