// Redis under daprd 1.16: runs the common cases against the local sidecar with these rules.
namespace LocalDapr.Tests.Profiles.Redis116;

[Under(BrokerProfile.Redis116, StoreProfile.Redis, DaprVersion.V116)]
public sealed class DeliveryTests : Conformance.DeliveryTests;

[Under(BrokerProfile.Redis116, StoreProfile.Redis, DaprVersion.V116)]
public sealed class EnvelopeTests : Conformance.EnvelopeTests;

[Under(BrokerProfile.Redis116, StoreProfile.Redis, DaprVersion.V116)]
public sealed class HealthTests : Conformance.HealthTests;

[Under(BrokerProfile.Redis116, StoreProfile.Redis, DaprVersion.V116)]
public sealed class PublishErrorTests : Conformance.PublishErrorTests;

[Under(BrokerProfile.Redis116, StoreProfile.Redis, DaprVersion.V116)]
public sealed class StateErrorTests : Conformance.StateErrorTests;

[Under(BrokerProfile.Redis116, StoreProfile.Redis, DaprVersion.V116)]
public sealed class StateKeyTests : Conformance.StateKeyTests;

[Under(BrokerProfile.Redis116, StoreProfile.Redis, DaprVersion.V116)]
public sealed class StateTests : Conformance.StateTests;

[Under(BrokerProfile.Redis116, StoreProfile.Redis, DaprVersion.V116)]
public sealed class SubscriptionTests : Conformance.SubscriptionTests;

[Under(BrokerProfile.Redis116, StoreProfile.Redis, DaprVersion.V116)]
public sealed class TraceTests : Conformance.TraceTests;

[Under(BrokerProfile.Redis116, StoreProfile.Redis, DaprVersion.V116)]
public sealed class HttpPublishTests : Conformance.HttpPublishTests;
