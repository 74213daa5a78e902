// tweet_image → read the photo → find its faces → compare them with the person's references → verdict in the state store.
using FindMe.Compare;
using FindMe.Pipeline;

var builder = WebApplication.CreateBuilder(args);

builder.AddAppDefaults();
builder.Services.AddPhotoReading();
builder.Services.AddComparison();

var app = builder.Build();

app.MapAppDefaults();
app.MapTweetImages();

app.Run();
