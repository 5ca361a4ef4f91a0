/** How large requests and answers may be in httpd and Tomcat, from the settings of the directors. */
import type { LabDescription } from "../config/description";

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

/**
 * Directors and httpd add fields of their own (X-Forwarded-For, Via and the like). What a director has accepted must
 * fit with these.
 */
export const headerKiBBehindDirectors = ({ director }: LabDescription) => director.maxHeaderKiB + 4;

export const headerBytesBehindDirectors = (description: LabDescription) =>
    headerKiBBehindDirectors(description) * kibibyte;

export const bodyBytes = ({ director }: LabDescription) => director.maxBodyMiB * mebibyte;

/**
 * Tomcat reads a whole form into the heap, and takes five times its size while it parses it. A form that fills the heap
 * would end the JVM.
 */
export const formBytes = ({ director, tomcat }: LabDescription) =>
    Math.floor(Math.min(director.maxBodyMiB, tomcat.heapMiB / 16) * mebibyte);
