namespace FindMe.Apps.Tests;

public sealed class SkeletonTests
{
    [Xunit.Fact]
    public void Builds() => Xunit.Assert.NotNull(typeof(SkeletonTests));
}
