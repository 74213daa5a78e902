using System.Net;
using FindMe.Pipeline;
using LocalDapr.Faults;

namespace FindMe.Apps.Tests.Collect;

public sealed class LateListingTests
{
    // Longer than the second sweep waits.
    private static readonly TimeSpan SecondSweep = TimeSpan.FromSeconds(6);

    private readonly TaskCompletionSource _writes = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _deleted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task A_page_that_is_written_after_everything_was_deleted_leaves_nothing()
    {
        using var albums = new TemporaryFolder();
        await using var load = await LoadSystem.StartAsync(
            [LoadSystem.MakeAlbum(albums.Path, "talk", 10, facesEvery: 10, maxSide: 320)], options => options with { Interceptor = new FaultInjection { Observe = HoldAsync } });
        using var ada = new Visitor(load.System.Page, retries: true);
        await ada.ShowDemoFaceAsync();
        var search = await ada.SearchAsync("talk");
        await _writes.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        using var forgotten = await ada.Http.DeleteAsync(new Uri("/api/me", UriKind.Relative), TestContext.Current.CancellationToken);
        await Task.Delay(SecondSweep, TestContext.Current.CancellationToken);
        _deleted.SetResult();
        await _settled.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        using var state = new HttpClient { BaseAddress = load.System.Sidecar.EndpointOf("findme-collect") };
        state.DefaultRequestHeaders.Add("dapr-api-token", load.System.DaprApiToken);
        using var batch = await state.GetAsync(
            new Uri($"/v1.0/state/{StateKeys.Store}/{Uri.EscapeDataString(StateKeys.Batch(search, listing: 1, batch: 0))}", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NoContent), (forgotten.StatusCode, batch.StatusCode));
    }

    private async Task HoldAsync(ObservedCall call)
    {
        if (call is { AppId: "findme-collect", Kind: ObservedKind.StateWrite, Operation: "save", Point: ObservedPoint.Before } && call.Target.Contains("/batch/", StringComparison.Ordinal))
        {
            _writes.TrySetResult();
            await _deleted.Task;
        }

        if (call is { AppId: "findme-collect", Kind: ObservedKind.Delivery, Point: ObservedPoint.After } && _deleted.Task.IsCompleted)
        {
            _settled.TrySetResult();
        }
    }
}
