using System.Net;

namespace FindMe.Apps.Tests.Local;

/// <summary>After "delete everything" nobody who has the whole data folder, its logs and the key ring can read a face in it.</summary>
public sealed class DeletedFaceTests
{
    private const int Photos = 60;

    [Fact]
    public async Task After_delete_everything_in_mid_search_a_carver_with_the_key_ring_decrypts_nothing_also_when_all_is_killed_a_second_later()
    {
        using var folder = new TemporaryFolder();
        var album = folder.AlbumOfDemoPhotos("talk", Photos, maxSide: 640);
        var data = folder.Folder("data");
        var carver = new FaceCarver(data);
        List<int> everything;
        await using (var findMe = await LocalFindMe.StartAsync(data, [album]))
        {
            using var ada = new Visitor(findMe.Address);
            await ada.ShowDemoFaceAsync();
            var search = await ada.SearchAsync("talk");
            await ada.UntilAsync(search, view => Visitor.Count(view, "compared") >= Photos / 4);
            Assert.Single(carver.Decrypt());
            // A copy of the folder as a thief has it, so that nothing that is held open hides anything.
            Assert.Single(carver.DecryptCopy(folder.Folder("before")));

            Assert.Equal(HttpStatusCode.OK, await ada.StatusOfAsync(HttpMethod.Delete, "/api/me"));

            Assert.Empty(carver.Decrypt());
            everything = [.. findMe.Children(), findMe.ProcessId];
            await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
            Assert.Empty(carver.Decrypt());
            everything.ForEach(LocalFindMe.Kill);
            await findMe.WaitForEndAsync();
        }

        Assert.Empty(carver.Decrypt());
    }
}
