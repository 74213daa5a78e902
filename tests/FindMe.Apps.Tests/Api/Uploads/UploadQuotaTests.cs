using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FindMe.Local;

namespace FindMe.Apps.Tests.Api;

/// <summary>How much of a disk one person and one address can fill, and that a ZIP file cannot take more than its directory says.</summary>
public sealed class UploadQuotaTests(AttackedSystem findMe) : IClassFixture<AttackedSystem>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Throw_away_people_of_one_address_cannot_take_the_room_of_others()
    {
        var (address, other) = (IPAddress.Parse("127.0.3.1"), IPAddress.Parse("127.0.3.2"));
        var zip = Zip(("a.jpg", Compressible(25_000_000)));
        Assert.True(zip.Length < 2_000_000);
        using var first = await NewPersonAsync(address);
        using var second = await NewPersonAsync(address);
        using var third = await NewPersonAsync(address);
        using var elsewhere = await NewPersonAsync(other);

        var kept = await IdOfAsync(await SendAsync(first, zip));
        using (var more = await SendAsync(first, zip))
        {
            var problem = await ProblemAssert.IsAsync(more, 409, "upload-quota");
            Assert.Contains("40 MB", problem["title"]!.GetValue<string>(), StringComparison.Ordinal);
        }

        await IdOfAsync(await SendAsync(second, zip));
        using (var more = await SendAsync(third, zip))
        {
            await ProblemAssert.IsAsync(more, 429, "upload-quota");
            Assert.InRange(int.Parse(more.Headers.GetValues("Retry-After").Single(), CultureInfo.InvariantCulture), 1, 86_400);
        }

        await IdOfAsync(await SendAsync(elsewhere, zip));

        // What is deleted makes room, for the person and for the address.
        Assert.Equal(HttpStatusCode.NoContent, await first.StatusOfAsync(HttpMethod.Delete, $"/api/uploads/{kept}"));
        await IdOfAsync(await SendAsync(third, zip));
        await findMe.StillAnswersAsync();
    }

    [Fact]
    public async Task What_a_ZIP_file_reserved_and_did_not_use_is_given_back()
    {
        using var ada = await NewPersonAsync(IPAddress.Parse("127.0.3.3"));
        var photo = Compressible(30_000_000);

        // Refused when its directory was read; then one whose photo ends long before the size that the directory declares.
        using (var bomb = await SendAsync(ada, Zip(("a.jpg", new byte[39_000_000]))))
        {
            await ProblemAssert.IsAsync(bomb, 413, "too-large");
        }

        var noise = new byte[1_000_000];
        Random.Shared.NextBytes(noise);
        await IdOfAsync(await SendAsync(ada, Claiming(Zip(("a.jpg", noise)), 30_000_000)));
        await IdOfAsync(await SendAsync(ada, Zip(("a.jpg", photo))));
    }

    [Fact]
    public async Task Files_of_a_ZIP_file_that_share_their_bytes_are_refused_before_anything_is_unpacked()
    {
        using var eve = await NewPersonAsync(IPAddress.Parse("127.0.3.4"));
        var zip = Overlapping(Zip(("a.jpg", Compressible(500_000))), 60);
        var uploads = Directory.GetDirectories(findMe.Uploads).Length;
        var before = BytesWrittenByPage();

        using var answer = await SendAsync(eve, zip);

        await ProblemAssert.IsAsync(answer, 422, "overlapping-files");
        Assert.InRange(BytesWrittenByPage() - before, zip.Length, zip.Length + 1_000_000);
        Assert.Equal(uploads, Directory.GetDirectories(findMe.Uploads).Length);
    }

    [Fact]
    public async Task A_directory_that_lies_about_a_size_is_refused_at_the_moment_more_comes_out()
    {
        using var eve = await NewPersonAsync(IPAddress.Parse("127.0.3.5"));
        var noise = new byte[5_000_000];
        Random.Shared.NextBytes(noise);
        var before = BytesWrittenByPage();
        var zip = Claiming(Zip(CompressionLevel.NoCompression, ("a.jpg", noise)), 1_000);

        using var answer = await SendAsync(eve, zip);

        await ProblemAssert.IsAsync(answer, 422, "not-a-zip");
        Assert.InRange(BytesWrittenByPage() - before, zip.Length, zip.Length + 1_000_000);
    }

    [Fact]
    public async Task One_address_leaves_half_of_a_small_disk_to_others()
    {
        const string Memory = "/dev/shm";
        Assert.SkipUnless(Directory.Exists(Memory), $"needs a disk that nobody else fills, {Memory}");
        using var folder = new TemporaryFolder();
        var uploads = Directory.CreateDirectory(Path.Combine(Memory, Path.GetFileName(folder.Path)));
        try
        {
            // 200 MB of it are for uploads.
            var settings = new Dictionary<string, string>
            {
                ["Uploads__Path"] = uploads.FullName,
                ["UploadSpace__LeaveFree"] = $"{new DriveInfo(Memory).AvailableFreeSpace - 200_000_000}",
            };
            await using var small = await LocalSystem.StartAsync(
                new LocalSystemOptions { Checkout = Checkout.Find(), DataPath = folder.Folder("data"), Albums = [], Settings = settings }, Cancellation);
            var zip = Zip(("a.jpg", Compressible(45_000_000)));
            var (address, other) = (IPAddress.Parse("127.0.3.6"), IPAddress.Parse("127.0.3.7"));
            using var first = await AgreedAsync(new Visitor(small.Page, from: address));
            using var second = await AgreedAsync(new Visitor(small.Page, from: address));
            using var elsewhere = await AgreedAsync(new Visitor(small.Page, from: other));

            await IdOfAsync(await SendAsync(first, zip));
            await IdOfAsync(await SendAsync(second, zip));
            using (var more = await SendAsync(second, zip))
            {
                await ProblemAssert.IsAsync(more, 429, "upload-quota");
            }

            await IdOfAsync(await SendAsync(elsewhere, zip));
        }
        finally
        {
            uploads.Delete(recursive: true);
        }
    }

    private Task<Visitor> NewPersonAsync(IPAddress address) => AgreedAsync(findMe.NewVisitor(address));

    private static async Task<Visitor> AgreedAsync(Visitor person)
    {
        await person.AgreeAsync();
        return person;
    }

    private static async Task<HttpResponseMessage> SendAsync(Visitor person, byte[] zip)
    {
        using var content = new ByteArrayContent(zip) { Headers = { ContentType = new MediaTypeHeaderValue("application/zip") } };
        return await person.Http.PostAsync(new Uri("/api/uploads", UriKind.Relative), content, Cancellation);
    }

    private static async Task<string> IdOfAsync(HttpResponseMessage answer)
    {
        using (answer)
        {
            Assert.True(answer.StatusCode == HttpStatusCode.Created, await answer.Content.ReadAsStringAsync(Cancellation));
            return (await answer.Content.ReadFromJsonAsync<JsonNode>(Cancellation))!["id"]!.GetValue<string>();
        }
    }

    private long BytesWrittenByPage() => long.Parse(
        File.ReadLines($"/proc/{findMe.PageProcess}/io").Single(line => line.StartsWith("wchar:", StringComparison.Ordinal)).Split(' ')[1], CultureInfo.InvariantCulture);

    // A block of noise in every 64 of nothing: it packs to a sixtieth or so, as the worst that passes for a photo.
    private static byte[] Compressible(int length)
    {
        var bytes = new byte[length];
        var random = new Random(1);
        for (var at = 0; at < length; at += 6_400)
        {
            random.NextBytes(bytes.AsSpan(at, Math.Min(100, length - at)));
        }

        return bytes;
    }

    private static byte[] Zip(params (string Name, byte[] Bytes)[] files) => Zip(CompressionLevel.Optimal, files);

    private static byte[] Zip(CompressionLevel level, params (string Name, byte[] Bytes)[] files)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in files)
            {
                using var entry = zip.CreateEntry(name, level).Open();
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

    /// <summary>The same ZIP file, whose directory names its one file many times.</summary>
    private static byte[] Overlapping(byte[] zip, ushort times)
    {
        var record = zip.AsSpan().LastIndexOf("PK\u0001\u0002"u8);
        var end = zip.AsSpan().LastIndexOf("PK\u0005\u0006"u8);
        byte[] many = [.. zip[..record], .. Enumerable.Repeat(zip[record..end], times).SelectMany(bytes => bytes), .. zip[end..]];
        var tail = many.AsSpan(many.Length - (zip.Length - end));
        BinaryPrimitives.WriteUInt16LittleEndian(tail[8..], times);
        BinaryPrimitives.WriteUInt16LittleEndian(tail[10..], times);
        BinaryPrimitives.WriteUInt32LittleEndian(tail[12..], (uint)((end - record) * times));
        return many;
    }
}
