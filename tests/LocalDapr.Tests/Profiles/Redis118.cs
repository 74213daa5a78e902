// Redis under daprd 1.18: runs the common cases against the local sidecar with these rules.
namespace LocalDapr.Tests.Profiles.Redis118;

[Under(BrokerProfile.Redis118, StoreProfile.Redis, DaprVersion.V118)]
public sealed class DeliveryTests : Conformance.DeliveryTests;

[Under(BrokerProfile.Redis118, StoreProfile.Redis, DaprVersion.V118)]
public sealed class EnvelopeTests : Conformance.EnvelopeTests;

[Under(BrokerProfile.Redis118, StoreProfile.Redis, DaprVersion.V118)]
public sealed class HealthTests : Conformance.HealthTests;

[Under(BrokerProfile.Redis118, StoreProfile.Redis, DaprVersion.V118)]
public sealed class PublishErrorTests : Conformance.PublishErrorTests;

[Under(BrokerProfile.Redis118, StoreProfile.Redis, DaprVersion.V118)]
public sealed class StateErrorTests : Conformance.StateErrorTests;

[Under(BrokerProfile.Redis118, StoreProfile.Redis, DaprVersion.V118)]
public sealed class StateKeyTests : Conformance.StateKeyTests;

[Under(BrokerProfile.Redis118, StoreProfile.Redis, DaprVersion.V118)]
public sealed class StateTests : Conformance.StateTests;

[Under(BrokerProfile.Redis118, StoreProfile.Redis, DaprVersion.V118)]
public sealed class SubscriptionTests : Conformance.SubscriptionTests;

[Under(BrokerProfile.Redis118, StoreProfile.Redis, DaprVersion.V118)]
public sealed class TraceTests : Conformance.TraceTests;

[Under(BrokerProfile.Redis118, StoreProfile.Redis, DaprVersion.V118)]
public sealed class HttpPublishTests : Conformance.HttpPublishTests;
