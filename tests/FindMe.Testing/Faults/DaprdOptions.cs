namespace FindMe.Testing;

/// <summary>A real Dapr on which to run FindMe.</summary>
/// <param name="Daprd">The daprd program.</param>
/// <param name="Components">A resources folder, such as this repository's <c>components</c>. Each run uses unique keys.</param>
/// <param name="BrokerStop">Shell command that stops broker and store; null rejects faults that need it.</param>
/// <param name="BrokerStart">Shell command that starts them again.</param>
internal sealed record DaprdOptions(string Daprd, string Components, string? BrokerStop, string? BrokerStart);
