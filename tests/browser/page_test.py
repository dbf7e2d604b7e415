"""The page in a real browser: as people use it, with impatient fingers.

Pictures of each state are left in FIRSTCOME_HOME/screenshots, for a person to look at.
"""
import os
import re
import tempfile
import unittest

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import firstcome
from firstcome import await_message, await_true

PICTURES = firstcome.HOME / "screenshots"
PHONE = (360, 740)
DESKTOP = (1280, 800)
BOOKING_ID = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]")
FLAGS = ["--headless=new", "--disable-gpu", "--no-first-run", "--disable-quic", "--disable-sync",
         "--disable-background-networking", "--disable-component-update", "--lang=en"]


def start_browser(size, dark=False):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in FLAGS + [f"--window-size={size[0]},{size[1]}"]:
        options.add_argument(flag)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    if size == PHONE:
        options.add_experimental_option("mobileEmulation", {
            "deviceMetrics": {"width": PHONE[0], "height": PHONE[1], "pixelRatio": 2.0}})
    options.add_argument(f"--user-data-dir={tempfile.mkdtemp(prefix='firstcome-browser-')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    if dark:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": "dark"}]})
    return browser


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        PICTURES.mkdir(exist_ok=True)
        cls.campaign = firstcome.new_campaign(
            "page", title="A burger for everybody", units=50, cancellable=True,
            pickup_text="At any counter, until Sunday.")

    def open(self, size=PHONE, dark=False, campaign=None):
        browser = start_browser(size, dark)
        self.addCleanup(browser.quit)
        browser.get(f"{firstcome.HTTP_URL}/?c={campaign or self.campaign}")
        self.browser = browser

    def look(self, name):
        self.browser.save_screenshot(str(PICTURES / f"{name}.png"))

    def element(self, name):
        return self.browser.find_element(By.ID, name)

    def shown(self, name):
        return await_true(f"#{name} is shown", lambda: self.element(name).is_displayed()
                          and self.element(name))

    def says(self, words):
        return await_true(f"the page says '{words}'",
                          lambda: words.lower() in self.browser.find_element(By.TAG_NAME, "main").text.lower())

    def type_entry(self, text, name=None):
        entry = self.shown("entry")
        entry.clear()
        entry.send_keys(text)
        if name:
            self.look(name)

    def await_code_entry(self):
        await_true("the code is asked for", lambda: self.element("entry").get_attribute(
            "autocomplete") == "one-time-code")

    def type_code(self, code, name=None):
        """Six digits are enough; a button is there for browsers that do not notice."""
        self.type_entry(code, name)
        if self.element("entry").is_displayed():
            self.element("entry").send_keys(Keys.ENTER)

    def ask_for_code(self, contact, name=None):
        self.type_entry(contact, name)
        self.element("send").click()
        self.await_code_entry()
        return re.search(r"\b(\d{6})\b", await_message(contact, "code")["text"]).group(1)

    def sign_in(self, contact, name=None):
        code = self.ask_for_code(contact, name and f"{name}-1-contact")
        self.type_code(code, name and f"{name}-2-code")
        self.shown("book")

    def booking_id(self):
        self.shown("ids")
        return await_true("the booking ID is there", lambda: (
            m := BOOKING_ID.search(self.element("ids").text)) and m.group(0))

    def assert_no_complaints(self):
        complaints = [entry for entry in self.browser.get_log("browser")
                      if "Failed to load resource" not in entry["message"]]
        self.assertEqual(complaints, [])

    def check_journey(self, contact, name, size, dark):
        self.open(size, dark)
        self.shown("entry")
        self.sign_in(contact, name)
        self.look(f"{name}-3-book")
        self.element("book").click()
        booking_id = self.booking_id()
        self.look(f"{name}-4-booked")
        self.assertIn(booking_id, await_message(contact, "booked")["text"])
        self.browser.refresh()
        self.assertEqual(self.booking_id(), booking_id)
        self.assert_no_complaints()
        return booking_id

    def test_with_an_email_address_on_a_phone(self):
        self.check_journey(firstcome.new_email(), "email-phone-light", PHONE, False)

    def test_with_a_phone_number_on_a_desktop_in_the_dark(self):
        self.check_journey(firstcome.new_phone(), "sms-desktop-dark", DESKTOP, True)

    def test_a_second_try_from_another_device_shows_the_same_booking(self):
        person = firstcome.Person()
        booking_id = person.book(self.campaign).json["booking_id"]
        self.open()
        # The first code is still on its way or here, so it is the one to type.
        code = re.search(r"\b(\d{6})\b", firstcome.messages(person.contact)[-1]["text"]).group(1)
        self.type_entry(person.contact)
        self.element("send").click()
        self.await_code_entry()
        self.type_code(code)
        self.assertEqual(self.booking_id(), booking_id)

    def test_a_double_click_books_once(self):
        contact = firstcome.new_email()
        self.open()
        self.sign_in(contact)
        self.browser.execute_script("const b = document.getElementById('book'); b.click(); b.click();")
        booking_id = self.booking_id()
        self.browser.refresh()
        self.assertEqual(self.booking_id(), booking_id)

    def test_a_reload_in_the_middle_loses_nothing(self):
        contact = firstcome.new_email()
        self.open()
        code = self.ask_for_code(contact)
        self.browser.refresh()
        self.await_code_entry()
        self.type_code(code)
        self.shown("book")
        self.browser.refresh()
        self.shown("book")

    def test_a_wrong_code_is_told_in_plain_words(self):
        self.open()
        code = self.ask_for_code(firstcome.new_email())
        self.type_code(f"{(int(code) + 1) % 1_000_000:06d}")
        await_true("something is said", lambda: self.element("message").text)
        self.look("wrong-code")

    def test_sold_out_is_told_in_plain_words(self):
        campaign = firstcome.new_campaign("soldout", units=1, title="The last one")
        firstcome.Person().book(campaign)
        self.open(campaign=campaign)
        self.says("0")
        self.look("sold-out")

    def test_with_the_keyboard_alone(self):
        contact = firstcome.new_email()
        self.open(DESKTOP)
        self.shown("entry").send_keys(contact, Keys.ENTER)
        self.await_code_entry()
        code = re.search(r"\b(\d{6})\b", await_message(contact, "code")["text"]).group(1)
        self.type_code(code)
        self.shown("book").send_keys(Keys.ENTER)
        self.booking_id()

    def test_the_page_is_small_and_strict(self):
        page = firstcome.api("GET", "/")
        self.assertIn("default-src 'self'", page.headers["content-security-policy"])
        total = len(page.body)
        for name in set(re.findall(rb'(?:href|src)="([\w.]+)"', page.body)):
            total += len(firstcome.api("GET", "/" + name.decode()).body)
        files = [f for f in (firstcome.ROOT / "web").iterdir() if f.suffix in (".js", ".css", ".html", ".svg")]
        self.assertLess(sum(f.stat().st_size for f in files), 20 * 1024)
        self.assertLessEqual(total, 20 * 1024)
