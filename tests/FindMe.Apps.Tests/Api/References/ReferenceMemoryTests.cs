using System.Net;
using FindMe.Faces;
using FindMe.Local;

namespace FindMe.Apps.Tests.Api;

/// <summary>Decrypted embeddings in the memory of Compare, read as somebody with its rights could.</summary>
public sealed class ReferenceMemoryTests(FindMeSystem findMe, SignedInSystem brief) : IClassFixture<FindMeSystem>, IClassFixture<SignedInSystem>
{
    // As many bytes as tell an embedding from chance.
    private const int TellingBytes = 64;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_embedding_of_a_person_who_deletes_everything_is_gone_from_an_idle_compare_within_seconds()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        var embedding = await DemoFaceAsync();
        await ada.UntilEndedAsync(await ada.SearchAsync(FindMeSystem.Talk));
        var compare = CompareOf(findMe.System);
        Assert.True(ProcessMemory.Contains(compare, embedding), "A search that has just ended should still have its embedding at hand.");

        Assert.Equal(HttpStatusCode.OK, await ada.StatusOfAsync(HttpMethod.Delete, "/api/me"));

        Assert.True(await IsGoneAsync(compare, embedding), "Compare still holds the embedding of a person who deleted everything.");
    }

    [Fact]
    public async Task An_embedding_is_gone_from_an_idle_compare_when_its_time_is_over()
    {
        using var ada = brief.NewVisitor();
        await ada.ShowDemoFaceAsync();
        var embedding = await DemoFaceAsync();

        var search = await ada.SearchAsync("demo");
        var compare = CompareOf(brief.System);
        for (var look = 0; !ProcessMemory.Contains(compare, embedding); look++)
        {
            Assert.InRange(look, 0, 50);
        }

        await ada.UntilEndedAsync(search);
        Assert.True(await IsGoneAsync(compare, embedding), $"Compare still holds an embedding long after {SignedInSystem.ReferencesKept}.");
        await ada.StatusOfAsync(HttpMethod.Delete, "/api/me");
    }

    private static async Task<bool> IsGoneAsync(int process, byte[] embedding)
    {
        for (var second = 0; second < 15; second++)
        {
            if (!ProcessMemory.Contains(process, embedding))
            {
                return true;
            }

            await Task.Delay(TimeSpan.FromSeconds(1), Cancellation);
        }

        return false;
    }

    private static async Task<byte[]> DemoFaceAsync()
    {
        using var engine = FaceEngine.Load(new FaceEngineOptions { ModelsPath = Checkouts.Models });
        var photo = await File.ReadAllBytesAsync(Checkouts.DemoPhotos[0], Cancellation);
        return engine.AnalyzeReference(photo, face: 0, Cancellation).Embedding!.ToBytes()[..TellingBytes];
    }

    private static int CompareOf(LocalSystem system) => system.Processes.Running().Single(process => process.Name == "findme-compare").Id;
}
