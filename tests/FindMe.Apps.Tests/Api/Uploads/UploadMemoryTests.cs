using System.Net;
using FindMe.Local;

namespace FindMe.Apps.Tests.Api;

public sealed class UploadMemoryTests
{
    [Fact]
    public async Task Many_large_files_at_once_are_all_taken_in_and_leave_the_page_below_700_MiB()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs Linux's /proc for the memory of a process");
        using var folder = new TemporaryFolder();
        await using var system = await LocalSystem.StartAsync(
            new LocalSystemOptions { Checkout = Checkout.Find(), DataPath = folder.Folder("data"), Albums = [] }, TestContext.Current.CancellationToken);

        // Half of what `FindMe.Load uploads` sends, which takes 20 s.
        var (statuses, peak) = await UploadBurst.RunAsync(system, files: 24, bytes: 19_000_000);

        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.Created, status));
        Assert.InRange(peak, 1, 700);
    }
}
