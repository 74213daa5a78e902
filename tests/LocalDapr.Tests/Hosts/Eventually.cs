namespace LocalDapr.Tests;

/// <summary>Polls a condition until it holds, with a timeout.</summary>
internal static class Eventually
{
    public static async Task TrueAsync(Func<Task<bool>> condition, int seconds = 20)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        while (!await condition())
        {
            Assert.False(deadline.IsCancellationRequested, $"not so within {seconds} s");
            await Task.Delay(10, CancellationToken.None);
        }
    }

    public static Task TrueAsync(Func<bool> condition, int seconds = 20) => TrueAsync(() => Task.FromResult(condition()), seconds);
}
