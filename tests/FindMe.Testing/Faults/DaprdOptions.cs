namespace FindMe.Testing;

/// <summary>A real Dapr to run FindMe on.</summary>
/// <param name="Daprd">The daprd program.</param>
/// <param name="Components">A folder of components, such as this repository's <c>components</c>; each run gets keys of its own.</param>
/// <param name="BrokerStop">A shell command that takes broker and store away; null: a fault that needs it is refused.</param>
/// <param name="BrokerStart">A shell command that brings them back.</param>
internal sealed record DaprdOptions(string Daprd, string Components, string? BrokerStop, string? BrokerStart);
