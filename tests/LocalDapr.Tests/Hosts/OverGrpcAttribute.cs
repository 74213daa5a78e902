using System.Reflection;
using Xunit.v3;

namespace LocalDapr.Tests;

/// <summary>Runs the HTTP cases of a class over gRPC.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class OverGrpcAttribute : Attribute
{
    /// <summary>Whether the class of the running test has this attribute.</summary>
    internal static bool IsOnThisTest => (TestContext.Current.TestClass as IXunitTestClass)?.Class.GetCustomAttribute<OverGrpcAttribute>() is not null;
}
