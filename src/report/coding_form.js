"use strict";
// The form's items lie as JSON in the page; answers are kept by token in localStorage, under the form's token.
(() => {
  const form = JSON.parse(document.getElementById("form").textContent);
  const at = (id) => document.getElementById(id);
  const store = "coterie-coding-" + form.token;
  const given = new Map(); // token -> {answer: from 1, seconds}
  let place = 0, shown = 0, kept = true;

  const load = () => {
    try {
      const saved = JSON.parse(localStorage.getItem(store) || "{}");
      for (const item of form.items)
        if (saved[item.token] && Number.isInteger(saved[item.token].answer)) given.set(item.token, saved[item.token]);
    } catch (error) {
      kept = false;
    }
  };
  const save = () => {
    try {
      localStorage.setItem(store, JSON.stringify(Object.fromEntries(given)));
    } catch (error) {
      kept = false;
    }
  };
  const element = (tag, text, name) => {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    if (name) made.className = name;
    return made;
  };
  const picture = (number, alternative) => {
    const image = element("img");
    image.src = "data:image/jpeg;base64," + form.pictures[number];
    image.alt = alternative;
    return image;
  };
  const answersOf = (item) =>
    form.choosePicture ? item.pictures.map((_, i) => "image " + (i + 1)) : item.choices.length ? item.choices : form.answers;

  const showTheme = (item) => {
    const theme = at("theme");
    theme.replaceChildren();
    if (item.theme < 0) return;
    const about = form.themes[item.theme];
    theme.append(element("p", about.name ? "Theme: " + about.name : "The theme is that of these images:", "name"));
    for (const number of about.pictures) theme.append(picture(number, "an image of the theme"));
  };
  const showPictures = (item) => {
    const pictures = at("pictures");
    pictures.replaceChildren();
    item.pictures.forEach((number, i) => {
      const figure = element("figure");
      figure.append(picture(number, "image " + (i + 1)));
      if (form.choosePicture) figure.append(element("figcaption", String(i + 1)));
      pictures.append(figure);
    });
  };
  const showAnswers = (item) => {
    const buttons = at("answers");
    buttons.replaceChildren();
    const own = given.get(item.token);
    answersOf(item).forEach((text, i) => {
      const button = element("button");
      button.type = "button";
      button.append(element("kbd", String(i + 1)), " " + text);
      button.setAttribute("aria-pressed", String(Boolean(own) && own.answer === i + 1));
      button.addEventListener("click", () => answer(i + 1));
      buttons.append(button);
    });
  };
  const showProgress = () => {
    const open = form.items.length - given.size;
    at("progress").value = given.size;
    at("count").textContent = "Item " + (place + 1) + " of " + form.items.length + "; " +
      (open ? open + " not answered yet" : "all answered: download the table");
    at("kept").textContent = kept ? "" : "This browser keeps nothing: do not close the page before you have downloaded.";
    at("download").className = open ? "" : "ready";
  };
  const show = (next) => {
    place = Math.min(Math.max(next, 0), form.items.length - 1);
    shown = performance.now();
    const item = form.items[place];
    showTheme(item);
    showPictures(item);
    showAnswers(item);
    showProgress();
  };
  const answer = (number) => {
    const item = form.items[place];
    const before = given.get(item.token);
    const seconds = (before ? before.seconds : 0) + (performance.now() - shown) / 1000;
    given.set(item.token, {answer: number, seconds: Math.round(seconds * 100) / 100});
    save();
    show(place + 1);
    if (given.size === form.items.length) at("download").focus();
  };
  const table = () => {
    const lines = ["form,token,answer,seconds"];
    for (const item of form.items) {
      const own = given.get(item.token);
      lines.push([form.token, item.token, own ? own.answer : "", own ? own.seconds : ""].join(","));
    }
    return lines.join("\r\n") + "\r\n";
  };
  const download = () => {
    const link = element("a");
    link.href = URL.createObjectURL(new Blob([table()], {type: "text/csv"}));
    link.download = form.file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
  const press = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return; // a key held down answers once
    if (event.key === "ArrowRight" || event.key === "ArrowDown") show(place + 1);
    else if (event.key === "ArrowLeft" || event.key === "ArrowUp") show(place - 1);
    else if (event.key === "d" || event.key === "D") download();
    else if (/^[1-9]$/.test(event.key) && Number(event.key) <= answersOf(form.items[place]).length) answer(Number(event.key));
    else return;
    event.preventDefault();
  };

  load();
  at("progress").max = form.items.length;
  at("download").addEventListener("click", download);
  document.addEventListener("keydown", press);
  const open = form.items.findIndex((item) => !given.has(item.token));
  show(open < 0 ? 0 : open);
})();
