using System.Reflection;
using Xunit.v3;

namespace LocalDapr.Tests;

/// <summary>A class whose cases meet the local sidecar under the rules of another broker, store and daprd than the usual ones.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class UnderAttribute(BrokerProfile broker, StoreProfile store, DaprVersion version) : Attribute
{
    public BrokerProfile Broker { get; } = broker;

    public StoreProfile Store { get; } = store;

    public DaprVersion Version { get; } = version;

    /// <summary>That of the class whose test runs; null where it has none.</summary>
    internal static UnderAttribute? OfThisTest => (TestContext.Current.TestClass as IXunitTestClass)?.Class.GetCustomAttribute<UnderAttribute>();
}
