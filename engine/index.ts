/** The public API of the engine: everything a face may use. */
export { createEngine, Engine, type EngineOptions, type Resolution, type StopOptions } from "./engine.ts";
export type { Inspection } from "./copy/inspection.ts";
export { inLanes } from "./concurrency/lanes.ts";
export { type ErrorCode, ImagesyncError, isNotFound, type Side, toImagesyncError } from "./errors.ts";
export type { EngineEvent, OnEvent } from "./events.ts";
export { type Digest, digestOf, isDigest, parseDigest } from "./oci/digest.ts";
export { withoutLogin } from "./oci/login-in-text.ts";
export { formatPlatform, normalisePlatform, parsePlatform, type Platform } from "./oci/platform.ts";
export {
  atDigest,
  canonicalReference,
  formatReference,
  isTag,
  parseReference,
  parseRepository,
  pinned,
  type Reference,
  type RepositoryName,
  tagOrLatest,
} from "./oci/reference.ts";
export { isLayoutKind, type LayoutKind, parseLocation } from "./layout/location.ts";
export type { Credential } from "./credentials/credential.ts";
export { checkConfigFile } from "./credentials/config-files.ts";
export type { ExplicitCredential } from "./credentials/chain.ts";
export { isVendor, type RegistryTransport, type Vendor, vendors } from "./http/transport.ts";
export { checkCertificates } from "./http/tls.ts";
export { headerFault, parseMirror } from "./http/transport-check.ts";
export { checkProxy, parseProxy } from "./http/proxy.ts";
export { parseByteSize } from "./http/byte-size.ts";
export type { RequestCount } from "./http/request-counts.ts";
export type { RateLimit } from "./http/rate-limit.ts";
export { createRedactor, type Redactor } from "./http/redact.ts";
export type { EngineMark } from "./graph/claims.ts";
export type { Companion, CompanionOptions, CompanionsFound } from "./graph/companions.ts";
export type { Depth, Missing } from "./graph/completeness.ts";
export type { ExamineOptions, Place } from "./examination/examine.ts";
export type { Check, CheckName, Examination, Finding, Outcome } from "./examination/report.ts";
export type { CollectOptions, RemoveOptions } from "./delete/deletions.ts";
export type { CollectionReport, Kept, RemovalReport, Skipped } from "./delete/report.ts";
export { isAttachmentTag, isRetentionTag } from "./oci/special-tag.ts";
export { isRetentionTagOf, retentionTag } from "./graph/retention.ts";
export { checkDeletions, type DeletionCandidates, type DeletionGuard, selectDeletions } from "./select/deletions.ts";
export { checkGlob, matchGlob } from "./select/glob.ts";
export { checkSelection, type IgnoredTag, type Selected, selectTags } from "./select/select.ts";
export type { Selection, SelectionMode } from "./select/selection.ts";
export type { ApplyOptions } from "./sync/apply.ts";
export { type MergedPlans, mergePlans, mergeWithPositions } from "./sync/merge-plans.ts";
export type { Plan, PlanFailure, PlanItem } from "./sync/plan.ts";
export { planFailure } from "./sync/plan-failure.ts";
export type { SelectedImage, SelectedImages } from "./sync/select-images.ts";
export type { Policy, ReferrerPolicy, Rule } from "./sync/rule.ts";
export type { Report, ReportItem } from "./sync/report.ts";
