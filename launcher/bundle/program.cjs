"use strict";
/** The Pulumi program, index.ts, for Pulumi's runner. */
const { bundleOf } = require("./load.cjs");

module.exports = require(bundleOf("program"));
