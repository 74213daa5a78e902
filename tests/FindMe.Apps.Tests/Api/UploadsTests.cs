using System.Buffers.Binary;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FindMe.Faces;

namespace FindMe.Apps.Tests.Api;

public sealed class UploadsTests(NetworkedFindMe findMe)
{
    [Fact]
    public async Task A_ZIP_file_is_searched_by_its_owner_alone_and_gone_when_it_is_deleted()
    {
        using var ada = await findMe.NewVisitorAsync();
        using var eve = await findMe.NewVisitorAsync();
        var photo = PhotoRendering.ToJpeg(await File.ReadAllBytesAsync(Checkouts.DemoPhotos[0], TestContext.Current.CancellationToken), 800);
        var zip = Zip(("a/me.jpg", photo), ("../../etc/passwd", "root:x:0:0"u8.ToArray()), ("__MACOSX/me.jpg", photo), ("inner.zip", Zip(("b.jpg", photo))), ("empty.jpg", []));

        using var sent = await SendAsync(ada, zip);
        Assert.Equal(HttpStatusCode.Created, sent.StatusCode);
        var upload = (await sent.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!;
        var id = upload["id"]!.GetValue<string>();
        Assert.Equal(2, upload["photos"]!.GetValue<int>());
        Assert.Equal(["inner.zip", "empty.jpg"], upload["skipped"]!.AsArray().Select(skipped => skipped!["name"]!.GetValue<string>()));
        Assert.Equal(["0", "1"], Directory.GetFiles(Path.Combine(findMe.Data, "uploads", id)).Select(Path.GetFileName).Order(StringComparer.Ordinal));

        var view = await ada.UntilEndedAsync(await ada.SearchAsync(new { source = "zip", query = id }), seconds: 30);
        Assert.Equal("a/me.jpg", view["matches"]![0]!["post"]!["id"]!.GetValue<string>());
        Assert.Contains("not a picture", view["skipped"]![0]!["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await ada.StatusOfAsync(HttpMethod.Get, view["matches"]![0]!["photo"]!["url"]!.GetValue<string>()));

        using (var others = await eve.Http.PostAsJsonAsync("/api/searches", new { source = "zip", query = id }, TestContext.Current.CancellationToken))
        {
            await ProblemAssert.IsAsync(others, 422, "unknown-upload");
        }

        Assert.Equal(HttpStatusCode.NotFound, await eve.StatusOfAsync(HttpMethod.Delete, $"/api/uploads/{id}"));
        Assert.Equal(HttpStatusCode.NoContent, await ada.StatusOfAsync(HttpMethod.Delete, $"/api/uploads/{id}"));
        Assert.False(Directory.Exists(Path.Combine(findMe.Data, "uploads", id)));
        Assert.Equal(HttpStatusCode.Gone, await ada.StatusOfAsync(HttpMethod.Get, view["matches"]![0]!["photo"]!["url"]!.GetValue<string>() + "?width=99"));
    }

    [Fact]
    public async Task Bombs_and_lies_are_refused_and_nothing_of_them_stays()
    {
        using var ada = await findMe.NewVisitorAsync();
        var before = Directory.GetDirectories(Path.Combine(findMe.Data, "uploads")).Length;
        var bomb = Zip(("bomb.jpg", new byte[19_000_000]));
        var many = Zip([.. Enumerable.Range(0, 60).Select(number => ($"{number}.jpg", new byte[] { 1 }))]);
        var large = new byte[6_000_000];
        Random.Shared.NextBytes(large);
        var noise = Zip(("a.jpg", large));

        foreach (var (zip, status, problem) in new[]
        {
            (bomb, 413, "too-large"),
            (many, 413, "too-large"),
            (noise, 413, "too-large"),
            ("This is no ZIP file."u8.ToArray(), 422, "not-a-zip"),
            (Zip(("a.jpg", new byte[100]))[..^10], 422, "not-a-zip"),
            (Array.Empty<byte>(), 422, "not-a-zip"),
        })
        {
            using var answer = await SendAsync(ada, zip);
            await ProblemAssert.IsAsync(answer, status, problem);
        }

        Assert.Equal(before, Directory.GetDirectories(Path.Combine(findMe.Data, "uploads")).Length);

        // A file that claims to be small gives no more than it claims.
        using var lie = await SendAsync(ada, Claiming(bomb, 1_000));
        var upload = (await lie.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!["id"]!.GetValue<string>();
        Assert.InRange(Directory.GetFiles(Path.Combine(findMe.Data, "uploads", upload)).Sum(file => new FileInfo(file).Length), 0, 1_000);
    }

    private static async Task<HttpResponseMessage> SendAsync(Visitor visitor, byte[] zip)
    {
        // Asks before it sends, as browsers' uploads cannot: an answer that comes before all is sent ends the connection.
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/uploads") { Content = new ByteArrayContent(zip) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/zip");
        return await visitor.Http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    private static byte[] Zip(params (string Name, byte[] Bytes)[] files)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in files)
            {
                using var entry = zip.CreateEntry(name, CompressionLevel.SmallestSize).Open();
                entry.Write(content);
            }
        }

        return bytes.ToArray();
    }

    /// <summary>The same ZIP file, whose directory claims another unpacked size: byte 24 of the record of its first file.</summary>
    private static byte[] Claiming(byte[] zip, uint length)
    {
        var lie = zip.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(lie.AsSpan(lie.AsSpan().LastIndexOf("PK\u0001\u0002"u8) + 24), length);
        return lie;
    }
}
