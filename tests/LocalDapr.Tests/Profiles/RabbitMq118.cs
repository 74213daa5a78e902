// RabbitMQ and PostgreSQL under daprd 1.18: runs the common cases against the local sidecar with these rules.
namespace LocalDapr.Tests.Profiles.RabbitMq118;

[Under(BrokerProfile.RabbitMq, StoreProfile.PostgreSql, DaprVersion.V118)]
public sealed class DeliveryTests : Conformance.DeliveryTests;

[Under(BrokerProfile.RabbitMq, StoreProfile.PostgreSql, DaprVersion.V118)]
public sealed class EnvelopeTests : Conformance.EnvelopeTests;

[Under(BrokerProfile.RabbitMq, StoreProfile.PostgreSql, DaprVersion.V118)]
public sealed class HealthTests : Conformance.HealthTests;

[Under(BrokerProfile.RabbitMq, StoreProfile.PostgreSql, DaprVersion.V118)]
public sealed class PublishErrorTests : Conformance.PublishErrorTests;

[Under(BrokerProfile.RabbitMq, StoreProfile.PostgreSql, DaprVersion.V118)]
public sealed class StateErrorTests : Conformance.StateErrorTests;

[Under(BrokerProfile.RabbitMq, StoreProfile.PostgreSql, DaprVersion.V118)]
public sealed class StateKeyTests : Conformance.StateKeyTests;

[Under(BrokerProfile.RabbitMq, StoreProfile.PostgreSql, DaprVersion.V118)]
public sealed class StateTests : Conformance.StateTests;

[Under(BrokerProfile.RabbitMq, StoreProfile.PostgreSql, DaprVersion.V118)]
public sealed class SubscriptionTests : Conformance.SubscriptionTests;

[Under(BrokerProfile.RabbitMq, StoreProfile.PostgreSql, DaprVersion.V118)]
public sealed class TraceTests : Conformance.TraceTests;

[Under(BrokerProfile.RabbitMq, StoreProfile.PostgreSql, DaprVersion.V118)]
public sealed class HttpPublishTests : Conformance.HttpPublishTests;
