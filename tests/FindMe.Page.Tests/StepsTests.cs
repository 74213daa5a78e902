using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace FindMe.Page.Tests;

/// <summary>The way to a search: consent, the face, the album.</summary>
[Collection(nameof(SharedFindMe))]
public sealed class StepsTests(RunningFindMe findMe)
{
    [Fact]
    public async Task Without_the_tick_nothing_is_agreed_and_the_page_says_why()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);

        await visitor.Button("I agree: find my face").ClickAsync();

        await Expect(visitor.Page.Locator("#own-face-problem")).ToContainTextAsync("Tick the box first");
        await Expect(visitor.Page.GetByRole(AriaRole.Checkbox)).ToBeFocusedAsync();
    }

    [Fact]
    public async Task A_phone_shows_the_consent_with_nothing_ticked_and_its_button_without_scrolling()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe, Appearance.Phone);

        await Expect(visitor.Page.GetByRole(AriaRole.Checkbox)).Not.ToBeCheckedAsync();
        await Expect(visitor.Button("I agree: find my face")).ToBeInViewportAsync(new() { Ratio = 1 });
        await Expect(visitor.Page.GetByText("several hundred numbers")).ToBeHiddenAsync();
        await visitor.Page.GetByText("Details", new() { Exact = true }).ClickAsync();
        await Expect(visitor.Page.GetByText("several hundred numbers")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_phone_keeps_the_question_which_face_in_view()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe, Appearance.Phone);
        await visitor.AgreeAsync();

        await visitor.ChoosePhotoAsync(Checkouts.DemoPhotos[0]);

        await Expect(visitor.Page.GetByText("Press the box round your own")).ToBeInViewportAsync(new() { Ratio = 1 });
        await Expect(visitor.Page.Locator(".pick").First).ToBeInViewportAsync();
    }

    [Fact]
    public async Task An_address_without_a_page_says_so_and_leads_back()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);

        var answer = await visitor.Page.GotoAsync("/nope");

        Assert.Equal(404, answer!.Status);
        await Expect(visitor.Heading).ToHaveTextAsync("Page not found");
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Go to FindMe" }).ClickAsync();
        await Expect(visitor.Button("I agree: find my face")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Declining_says_what_FindMe_cannot_do_then()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);

        await visitor.Button("No, thank you").ClickAsync();

        await Expect(visitor.Notice).ToContainTextAsync("it cannot look for you");
        await Expect(visitor.Notice).ToBeFocusedAsync();
        await visitor.Page.ReloadAsync();
        await Expect(visitor.Page.GetByRole(AriaRole.Checkbox)).Not.ToBeCheckedAsync();
    }

    [Fact]
    public async Task Whoever_has_not_agreed_is_led_back_to_the_consent_from_any_address()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);

        await visitor.Page.GotoAsync("/#album");

        await Expect(visitor.Notice).ToContainTextAsync("No searches yet");
        await Expect(visitor.Button("I agree: find my face")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_photo_without_a_face_is_refused_with_a_way_out()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);
        var blank = await visitor.BlankPictureAsync();
        await visitor.AgreeAsync();

        await visitor.ChoosePhotoAsync("wall.png", "image/png", blank);

        await Expect(visitor.Notice).ToContainTextAsync("Try a photo with your face from the front");
        await Expect(visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Choose the photos to search" })).ToBeHiddenAsync();
    }

    [Fact]
    public async Task A_file_that_is_no_image_is_refused_with_a_way_out()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);
        await visitor.AgreeAsync();

        await visitor.ChoosePhotoAsync("letter.jpg", "image/jpeg", "Dear all"u8.ToArray());

        await Expect(visitor.Notice).ToContainTextAsync("Choose another file");
    }

    [Fact]
    public async Task Of_several_faces_the_person_picks_their_own()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);
        await visitor.AgreeAsync();

        await visitor.ChoosePhotoAsync(Albums.Sample(1));

        var faces = visitor.Page.GetByRole(AriaRole.Group, new() { Name = "Which face is yours?" }).GetByRole(AriaRole.Button);
        await Expect(faces).ToHaveCountAsync(3, new() { Timeout = 45_000 });
        await Expect(faces.First).ToBeFocusedAsync();
        var lefts = await faces.EvaluateAllAsync<double[]>("faces => faces.map(face => face.getBoundingClientRect().left)");
        Assert.Equal(lefts.Order(), lefts);

        await faces.Last.ClickAsync();

        await visitor.FaceWorksAsync();
        var preview = await visitor.Page.Locator(".preview img").BoundingBoxAsync();
        var box = await visitor.Page.Locator(".preview .box").BoundingBoxAsync();
        Assert.InRange(box!.X, preview!.X + (preview.Width / 2), preview.X + preview.Width);
        Assert.InRange(box.Y + box.Height, preview.Y, preview.Y + preview.Height);
    }

    [Fact]
    public async Task Another_persons_face_is_refused_and_can_replace_the_earlier_one()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe, Appearance.Phone);
        await visitor.AgreeAsync();
        await visitor.ShowFaceAsync();

        await visitor.ChoosePhotoAsync(Albums.Sample(1));
        await visitor.Button("Face 1 of 3, from the left").ClickAsync();
        await Expect(visitor.Notice).ToContainTextAsync("This is not the face you showed before");
        await Appearance.LookAtAsync(visitor.Page, "14-another-person");
        await Expect(visitor.Page.Locator(".references li")).ToHaveCountAsync(1);

        await visitor.Button("Replace the earlier ones").ClickAsync();

        await visitor.FaceWorksAsync();
        await Expect(visitor.Page.Locator(".references li")).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task A_second_browser_opens_the_same_searches_with_a_code_from_the_first()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);
        await visitor.AgreeAsync();
        await visitor.ShowFaceAsync();
        await visitor.Page.GotoAsync("/#privacy");
        await visitor.Button("Use another browser too").ClickAsync();
        var code = await visitor.Page.Locator(".notice-title").InnerTextAsync();
        await using var phone = await PageVisitor.ArriveAsync(findMe, Appearance.Phone);
        await phone.AgreeAsync();
        await phone.Page.GotoAsync("/#privacy");

        await phone.Page.GetByText("Enter a code from another browser").ClickAsync();
        await phone.Page.GetByLabel("The code that the other browser shows").FillAsync(code);
        await Appearance.LookAtAsync(phone.Page, "15-browser-code");
        await phone.Button("Open").ClickAsync();

        await Expect(phone.Notice).ToContainTextAsync("This browser shows the same selfies and searches now");
        await phone.Page.GotoAsync("/#face");
        await Expect(phone.Page.Locator(".references li")).ToHaveCountAsync(1);
    }

    [Theory]
    [InlineData("/?sign-in=constructor")]
    [InlineData("/?sign-in=__proto__")]
    [InlineData("/#constructor")]
    [InlineData("/#__proto__")]
    public async Task An_address_that_names_nothing_leads_to_the_start(string address)
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);

        await visitor.Page.GotoAsync(address);
        await visitor.Page.ReloadAsync();

        await Expect(visitor.Button("I agree: find my face")).ToBeVisibleAsync();
        await Expect(visitor.Notice).ToHaveCountAsync(0);
        Assert.Empty(visitor.Console);
    }

    [Fact]
    public async Task A_shown_face_can_be_deleted_again()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);
        await visitor.AgreeAsync();
        await visitor.ShowFaceAsync();
        await visitor.Page.ReloadAsync();
        var shown = visitor.Page.Locator(".references li");
        await Expect(shown).ToHaveCountAsync(1);

        await shown.GetByRole(AriaRole.Button).ClickAsync();

        await Expect(shown).ToHaveCountAsync(0);
        await visitor.Page.GotoAsync("/#album");
        await Expect(visitor.Notice).ToContainTextAsync("First show your face");
    }

    [Fact]
    public async Task A_camera_that_cannot_be_used_is_explained()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);
        await visitor.AgreeAsync();

        await visitor.Button("Use the camera").ClickAsync();

        await Expect(visitor.Notice).ToContainTextAsync("choose a photo instead", new() { IgnoreCase = true });
    }

    [Fact]
    public async Task A_camera_goes_off_when_its_person_has_gone_on_before_the_browser_let_it_start()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);
        await visitor.AgreeAsync();
        await visitor.Page.EvaluateAsync("""
            () => {
              window.streams = [];
              window.allow = [];
              navigator.mediaDevices.getUserMedia = () => new Promise(allowed => window.allow.push(() => {
                const canvas = document.createElement('canvas');
                canvas.getContext('2d').fillRect(0, 0, 9, 9);
                window.streams.push(canvas.captureStream());
                allowed(window.streams.at(-1));
              }));
            }
            """);
        const string Live = "() => window.streams.map(stream => stream.active ? 'on' : 'off').join(' ')";

        await visitor.Button("Use the camera").ClickAsync();
        await visitor.Button("Use the camera").ClickAsync();
        await visitor.Page.EvaluateAsync("() => window.allow.forEach(allow => allow())");
        await Expect(visitor.Button("Take the picture")).ToBeVisibleAsync();
        Assert.Equal("off on", await visitor.Page.EvaluateAsync<string>(Live));

        await visitor.Button("Use the camera").ClickAsync();
        await visitor.Page.EvaluateAsync("() => { location.hash = '#privacy'; }");
        await Expect(visitor.Heading).Not.ToContainTextAsync("face");
        await visitor.Page.EvaluateAsync("() => window.allow.at(-1)()");
        await visitor.Page.WaitForFunctionAsync("() => window.streams.length === 3 && window.streams.every(stream => !stream.active)");
        Assert.Empty(visitor.Console);
    }

    [Fact]
    public async Task An_address_that_was_cut_off_leads_to_the_step_one_is_at()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);
        await visitor.AgreeAsync();

        await visitor.Page.GotoAsync("/#search=%");
        await visitor.Page.ReloadAsync();

        await Expect(visitor.Heading).ToContainTextAsync("Show your face");
        Assert.Empty(visitor.Console);
    }

    [Fact]
    public async Task Find_me_without_an_album_asks_for_one()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);
        await visitor.AgreeAsync();
        await visitor.ShowFaceAsync();
        await visitor.Page.GotoAsync("/#album");

        await visitor.Button("Find me").ClickAsync();

        await Expect(visitor.Notice).ToContainTextAsync("Please choose an album first");
    }

    [Fact]
    public async Task Photos_of_ones_own_are_sent_searched_and_deleted_and_too_many_at_once_are_not_sent_at_all()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);
        var page = visitor.Page;
        await visitor.AgreeAsync();
        await visitor.ShowFaceAsync();
        using var files = new Albums.OwnFiles();
        await page.GotoAsync("/#album");
        await page.GetByRole(AriaRole.Radio, new() { Name = "Your own photos", Exact = true }).CheckAsync();
        var zip = page.GetByLabel("A ZIP file of photos");

        await zip.SetInputFilesAsync(files.TooLarge);
        await Expect(visitor.Notice).ToContainTextAsync("Send the photos in several ZIP files.");
        await zip.SetInputFilesAsync(Albums.Sample(1));
        await Expect(visitor.Notice).ToContainTextAsync("Send a ZIP file of photos.");
        await page.GetByLabel("What to call them (optional)").FillAsync("Summit");
        await zip.SetInputFilesAsync(files.Zip(1, 5));
        await Expect(visitor.Notice).ToContainTextAsync("2 photos arrived");
        await Expect(visitor.Notice).ToContainTextAsync("1 file left out");
        await Expect(page.Locator(".uploads")).ToContainTextAsync("Summit: 2\u00a0photos");
        await zip.SetInputFilesAsync(files.Zip(3));
        await Expect(visitor.Notice).ToContainTextAsync("1 photo arrived");
        await zip.SetInputFilesAsync(files.Zip(4));
        await Expect(page.Locator(".uploads li")).ToHaveCountAsync(3);
        await zip.SetInputFilesAsync(files.Zip(6));
        await Expect(visitor.Notice).ToContainTextAsync("Delete one of those below first.");
        await Appearance.LookAtAsync(page, "28-own-photos");

        await page.Locator(".uploads").GetByRole(AriaRole.Button).Nth(1).ClickAsync();
        await Expect(page.Locator(".uploads li")).ToHaveCountAsync(2);
        await page.ReloadAsync();
        await page.GetByRole(AriaRole.Radio, new() { Name = "Your own photos", Exact = true }).CheckAsync();
        await Expect(page.Locator(".uploads li")).ToHaveCountAsync(2);
        await page.Locator(".uploads").GetByRole(AriaRole.Radio).First.CheckAsync();
        await visitor.Button("Find me").ClickAsync();
        await visitor.SearchEndsAsync("Done.");
        await Expect(visitor.Frames).ToHaveCountAsync(1);
        await Expect(visitor.Heading).ToHaveTextAsync("Photos of you in Summit");
    }

    [Fact]
    public async Task The_whole_way_can_be_gone_with_the_keyboard_alone()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);
        var page = visitor.Page;

        await visitor.TabToAsync(page.GetByRole(AriaRole.Checkbox));
        await page.Keyboard.PressAsync("Space");
        await visitor.TabToAsync(visitor.Button("I agree: find my face"));
        await page.Keyboard.PressAsync("Enter");
        await Expect(visitor.Heading).ToBeFocusedAsync();

        await visitor.TabToAsync(page.Locator("#photo"));
        // Playwright switches the interception on without waiting for it: a listener that is there early leaves it on.
        page.FileChooser += (_, _) => { };
        await page.EvaluateAsync("1");
        var chooser = await page.RunAndWaitForFileChooserAsync(() => page.Keyboard.PressAsync("Enter"));
        await chooser.SetFilesAsync(Albums.Sample(1));
        await Expect(visitor.Button("Face 1 of 3, from the left")).ToBeFocusedAsync(new() { Timeout = 45_000 });
        await visitor.TabToAsync(visitor.Button("Face 3 of 3, from the left"));
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Choose the photos to search" })).ToBeFocusedAsync(new() { Timeout = 45_000 });
        await page.Keyboard.PressAsync("Enter");

        await Expect(visitor.Heading).ToBeFocusedAsync();
        await visitor.TabToAsync(page.Locator("input[name=album]").First);
        // Arrow keys choose within a group; round the group and back counts as choosing too.
        for (var presses = 0; presses < 20 && !await visitor.Album(Albums.Evening).IsCheckedAsync(); presses++)
        {
            await page.Keyboard.PressAsync("ArrowDown");
        }

        await Expect(visitor.Album(Albums.Evening)).ToBeCheckedAsync();
        await visitor.TabToAsync(visitor.Button("Find me"));
        await page.Keyboard.PressAsync("Enter");

        await visitor.SearchEndsAsync("Done.");
        await visitor.TabToAsync(visitor.Opener(0));
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Dialog)).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.GetByRole(AriaRole.Dialog)).ToBeHiddenAsync();
        await Expect(visitor.Opener(0)).ToBeFocusedAsync();
    }
}
