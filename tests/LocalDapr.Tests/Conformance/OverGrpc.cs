// Runs the cases for both transports over gRPC.
namespace LocalDapr.Tests.Conformance.OverGrpc;

[OverGrpc]
public sealed class EnvelopeTests : Conformance.EnvelopeTests;

[OverGrpc]
public sealed class HealthTests : Conformance.HealthTests;

[OverGrpc]
public sealed class PublishErrorTests : Conformance.PublishErrorTests;

[OverGrpc]
public sealed class StateErrorTests : Conformance.StateErrorTests;

[OverGrpc]
public sealed class StateKeyTests : Conformance.StateKeyTests;

[OverGrpc]
public sealed class StateTests : Conformance.StateTests;

[OverGrpc]
public sealed class StoreProfileTests : Conformance.StoreProfileTests;

[OverGrpc]
public sealed class TraceTests : Conformance.TraceTests;
