"use strict";
/** The entry point of the Pulumi program: loads the bundle of index.ts. */
const { bundleOf } = require("./load.cjs");

module.exports = require(bundleOf("program"));
