"use strict";
/** `run.cjs NAME WORDS` runs a bundled program of this project. build.cjs lists the names. */
const { bundleOf } = require("./load.cjs");

const [node, , name, ...words] = process.argv;
const bundle = bundleOf(name);
process.argv = [node, bundle, ...words];
require(bundle);
